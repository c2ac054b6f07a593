import {registry} from "@web/core/registry";

/** Operator: overview → orders to ship → one order → delivery → validate. */
registry.category("web_tour.tours").add("wx_mall_operator_ships", {
    url: "/odoo/mall",
    steps: () => [
        {
            content: "The overview counts what is to be shipped",
            trigger: ".o_wx_overview .o_wx_queue[data-key=to_ship]",
            run: "click",
        },
        {
            content: "Open the order",
            trigger: ".o_list_view .o_data_row .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "The goods are shown",
            trigger: ".o_form_view .o_field_widget[name=line_ids] .o_data_row",
        },
        {
            content: "Go to the delivery",
            trigger: ".o_form_statusbar button[name=action_open_pickings]",
            run: "click",
        },
        {
            content: "The receiver is masked",
            trigger: ".o_field_widget[name=wx_receiver]:contains('**')",
        },
        {
            content: "Validate the delivery",
            trigger: ".o_form_statusbar button[name=button_validate]",
            run: "click",
        },
        {
            content: "Delivered",
            trigger: ".o_arrow_button_current[data-value=done]",
        },
    ],
});

/** Service: find an order by its number and read it. */
registry.category("web_tour.tours").add("wx_mall_service_finds", {
    url: "/odoo/mall-orders",
    steps: () => [
        {
            content: "Type the number that the shopper gave",
            trigger: ".o_searchview_input",
            run: "edit 26010100000001",
        },
        {
            content: "Search by number",
            trigger: ".o_searchview_autocomplete .o-dropdown-item:first",
            run: "click",
        },
        {
            content: "One order is found",
            trigger: ".o_list_view .o_data_row:only-child .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "Receiver page",
            trigger: ".o_notebook .nav-link[name=receiver]",
            run: "click",
        },
        {
            content: "The phone is masked",
            trigger: ".o_field_widget[name=address_ids] .o_data_cell[name=phone]:contains('****')",
        },
        {
            content: "Clear text on demand",
            trigger: "button[name=action_show_receiver]",
            run: "click",
        },
        {
            content: "The notification shows it",
            trigger: ".o_notification:contains('13812345678')",
        },
    ],
});

/** Accountant: from the overview to the breaks. */
registry.category("web_tour.tours").add("wx_mall_accountant_breaks", {
    url: "/odoo/mall",
    steps: () => [
        {
            content: "Chart by hour",
            trigger: ".o_wx_overview .o_wx_hours",
            run: "click",
        },
        {
            content: "Open breaks",
            trigger: ".o_wx_overview .o_wx_queue[data-key=breaks]",
            run: "click",
        },
        {
            content: "The list of breaks is open",
            trigger: ".o_breadcrumb",
        },
    ],
});
