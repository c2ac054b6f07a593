import {registry} from "@web/core/registry";
import {openFirst, press, state} from "@wx_mall/../tests/tours/wx_steps";

const tours = registry.category("web_tour.tours");

/** Service: a shopper calls; the dialog says what goes back before it is entered. */
tours.add("wx_mall_service_enters", {
    url: "/odoo/mall-orders",
    steps: () => [
        openFirst,
        press("action_enter_after_sale"),
        {
            content: "All that is possible is proposed",
            trigger: ".modal .o_field_widget[name=total]:contains('39.98')",
        },
        {
            content: "Why",
            trigger: ".modal .o_field_widget[name=reason_id] input",
            run: "edit Tour reason",
        },
        {
            trigger: ".o-autocomplete--dropdown-item a:contains('Tour reason')",
            run: "click",
        },
        {
            content: "Only one piece",
            trigger: ".modal .o_field_widget[name=line_ids] .o_data_cell[name=qty]",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row .o_field_widget[name=qty] input",
            run: "edit 1",
        },
        {
            content: "In the shopper's words",
            trigger: ".modal .o_field_widget[name=description] textarea",
            run: "edit The lid leaks",
        },
        {
            content: "The account follows",
            trigger: ".modal .o_field_widget[name=total]:contains('19.99')",
        },
        {
            content: "Enter and approve",
            trigger: ".modal-footer button[name=action_enter_and_approve]",
            run: "click",
        },
        state("second_approval"),
    ],
});

/** A second person of service approves what is above the limit. */
tours.add("wx_mall_service_approves", {
    url: "/odoo/mall-after-sales",
    steps: () => [openFirst, press("action_approve"), state("approved")],
});

/** Warehouse: the parcel is here; inspect it, then refund. */
tours.add("wx_mall_operator_inspects", {
    url: "/odoo/mall-after-sales",
    steps: () => [
        openFirst,
        press("action_receive"),
        state("received"),
        press("action_all_passed"),
        {
            content: "All pieces passed",
            trigger: ".o_field_widget[name=line_ids] .o_data_cell[name=passed_qty]:contains('1')",
        },
        press("action_inspect"),
        state("inspected"),
        press("action_finish"),
        state("refunding"),
    ],
});

/** Manager: paste codes into a pool. */
tours.add("wx_mall_manager_loads_codes", {
    url: "/odoo/mall-code-pools",
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row .o_data_cell[name=product_id]",
            run: "click",
        },
        press("action_import"),
        {
            trigger: ".modal .o_field_widget[name=text] textarea",
            run: "edit TOUR-0001",
        },
        {
            trigger: ".modal-footer button[name=action_load]",
            run: "click",
        },
        {
            content: "One free code",
            trigger:
                "body:not(:has(.modal)) button[name=action_codes] .o_stat_value:contains('1')",
        },
    ],
});

/** On a phone: from the board of work to a shipped order. */
tours.add("wx_mall_phone_ships", {
    url: "/odoo/mall-work",
    steps: () => [
        {
            content: "The card of the order",
            trigger: ".o_kanban_view .o_kanban_record:contains('26010100000003')",
        },
        {
            content: "Ship from the card",
            trigger:
                ".o_kanban_record:contains('26010100000003') button[name=action_open_pickings]",
            run: "click",
        },
        {
            content: "The delivery, with the receiver",
            trigger: ".o_form_view .o_field_widget[name=wx_receiver]",
        },
        {
            content: "Validate",
            trigger: ".o_form_statusbar button[name=button_validate]",
            run: "click",
        },
        {
            content: "Nothing is to be validated any more",
            trigger: ".o_form_view:not(:has(button[name=button_validate]))",
        },
    ],
});

/** On a phone: the card of an after-sale, then answer it. */
tours.add("wx_mall_phone_after_sale", {
    url: "/odoo/mall-after-sales",
    steps: () => [
        {
            content: "After-sales are cards on a phone",
            trigger: ".o_kanban_view .o_kanban_record:contains('AS')",
            run: "click",
        },
        {
            content: "The goods are listed",
            trigger: ".o_form_view .o_field_widget[name=line_ids]",
        },
        press("action_approve"),
        {
            content: "On its way back next",
            trigger: ".o_form_statusbar button[name=action_receive]",
        },
    ],
});
