import {inputFiles} from "@web/../tests/utils";
import {registry} from "@web/core/registry";
import {openFirst, press, state} from "@wx_mall/../tests/tours/wx_steps";

const tours = registry.category("web_tour.tours");
const confirm = (name) => ({
    content: `Confirm with ${name}`,
    trigger: `.modal-footer button[name=${name}]`,
    run: "click",
});
const tab = (name) => ({
    content: `The dialog is gone; look at ${name}`,
    trigger: `body:not(:has(.modal)) .o_notebook .nav-link[name=${name}]`,
    run: "click",
});
const upload = (where, name, text) => ({
    content: `Give the file ${name}`,
    trigger: `${where} .o_field_widget[name=file] .o_select_file_button`,
    async run() {
        await inputFiles(`${where} .o_field_widget[name=file] .o_input_file`, [
            new File([text], name, {type: "text/csv"}),
        ]);
    },
});

/** Operator: lower the price of an unpaid order, see it explained. */
tours.add("wx_mall_operator_price", {
    url: "/odoo/mall-orders",
    steps: () => [
        openFirst,
        press("action_change_price"),
        {
            content: "One yuan less",
            trigger: ".modal .o_field_widget[name=off] input",
            run: "edit 1",
        },
        {
            content: "Why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit a regular",
        },
        {
            content: "What is to be paid follows",
            trigger: ".modal .o_field_widget[name=amount]:contains('18.99')",
        },
        confirm("action_change"),
        tab("price"),
        {
            content: "The change is with the price",
            trigger: ".o_field_widget[name=price_changes]:contains('a regular')",
        },
    ],
});

/** Operator: another receiver before it leaves. */
tours.add("wx_mall_operator_address", {
    url: "/odoo/mall-orders",
    steps: () => [
        openFirst,
        press("action_change_address"),
        {
            content: "Another person takes it",
            trigger: ".modal .o_field_widget[name=name] input",
            run: "edit 李四",
        },
        {
            content: "Why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit asked by phone",
        },
        confirm("action_change"),
        tab("receiver"),
        {
            content: "Masked as ever",
            trigger:
                ".o_field_widget[name=address_ids] .o_data_cell[name=name]:contains('李')",
        },
    ],
});

/** Operator: upload a sheet, read what is wrong with a row, ship the others. */
tours.add("wx_mall_operator_sheet", {
    url: "/odoo/action-wx_mall.action_wx_ship_batch",
    steps: () => [
        {
            content: "A new sheet",
            trigger: ".o_control_panel .o_list_button_add",
            run: "click",
        },
        upload(
            ".o_form_view",
            "ship.csv",
            "订单号,快递公司,运单号\n26010100000011,ZTO Express,7801\n" +
                "26010100000012,Pigeon,7802\n"
        ),
        {
            content: "The file is taken",
            trigger:
                ".o_form_view .o_field_widget[name=file] input[type=text]:value(ship.csv)",
        },
        press("action_check"),
        {
            content: "The good row is ready",
            trigger:
                ".o_data_row:contains('26010100000011'):contains('7801'):not(.text-danger)",
        },
        {
            content: "The other says what is wrong",
            trigger:
                ".o_data_row.text-danger:contains('26010100000012') .o_data_cell[name=error]:not(:empty)",
        },
        state("checked"),
        press("action_ship"),
        state("running"),
    ],
});

/** Operator: the sheet after the jobs: one shipped, one still to be corrected. */
tours.add("wx_mall_operator_sheet_done", {
    url: "/odoo/action-wx_mall.action_wx_ship_batch",
    steps: () => [
        openFirst,
        state("done"),
        {
            content: "Shipped",
            trigger: ".o_data_row.text-success:contains('26010100000011')",
        },
        {
            content: "To be corrected",
            trigger: ".o_data_row.text-danger:contains('26010100000012')",
        },
    ],
});

/** Operator: a paid order has no codes; what to do is on the exception. */
tours.add("wx_mall_operator_codes_short", {
    url: "/odoo/mall-exceptions",
    steps: () => [
        {
            content: "The order that waits for codes",
            trigger: ".o_kanban_view .o_kanban_record:contains('26010100000013')",
            run: "click",
        },
        {
            content: "It says what to do",
            trigger:
                ".o_form_view .alert-info .o_field_widget[name=hint]:not(.o_field_empty)",
        },
        {
            content: "Look at the order",
            trigger: "button[name=action_open_order]",
            run: "click",
        },
        state("partially_shipped"),
    ],
});

/** Manager: load the supplier's file into the empty pool. */
tours.add("wx_mall_manager_codes_file", {
    url: "/odoo/mall-code-pools",
    steps: () => [
        {
            content: "The pool has nothing left",
            trigger: ".o_list_view .o_data_row.text-danger .o_data_cell[name=product_id]",
            run: "click",
        },
        press("action_import"),
        upload(".modal", "codes.csv", "6001,pass-1\n6002,pass-2\n"),
        {
            content: "The file is taken",
            trigger:
                ".modal .o_field_widget[name=file] input[type=text]:value(codes.csv)",
        },
        confirm("action_load"),
        {
            content: "One went to the order at once, one is left",
            trigger:
                "body:not(:has(.modal)) button[name=action_codes] .o_stat_value:contains('1')",
        },
    ],
});

/** Operator: the order is settled; its codes are listed, masked. */
tours.add("wx_mall_operator_codes_there", {
    url: "/odoo/mall-orders",
    steps: () => [
        openFirst,
        state("shipped"),
        {
            content: "No exception is open",
            trigger: ".o_form_view:not(:has(button[name=action_open_exceptions]))",
        },
        {
            content: "Go to the pool",
            trigger: ".o_form_view",
            run() {
                window.location.href = "/odoo/mall-code-pools";
            },
            expectUnloadPage: true,
        },
        {
            content: "Its pool",
            trigger: ".o_list_view .o_data_row .o_data_cell[name=product_id]",
            run: "click",
        },
        {
            content: "Its codes",
            trigger: "button[name=action_codes]",
            run: "click",
        },
        {
            content: "The code of the order, not in clear",
            trigger:
                ".o_data_row:contains('26010100000013') .o_data_cell[name=code]:contains('****')",
        },
    ],
});
