import {registry} from "@web/core/registry";

/** Operator: order to ship → waybill → validate → the parcel has its number. */
registry.category("web_tour.tours").add("wx_mall_operator_waybill", {
    url: "/odoo/mall",
    steps: () => [
        {
            content: "Orders to be shipped",
            trigger: ".o_wx_overview .o_wx_queue[data-key=to_ship]",
            run: "click",
        },
        {
            content: "Open the order",
            trigger: ".o_list_view .o_data_row .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "Go to the delivery",
            trigger: ".o_form_statusbar button[name=action_open_pickings]",
            run: "click",
        },
        {
            content: "Ask for a waybill",
            trigger: ".o_form_statusbar button[name=action_wx_request_waybill]",
            run: "click",
        },
        {
            content: "The label can be printed now",
            trigger: ".o_form_statusbar button[name=action_wx_print_waybill]",
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
        {
            content: "Open the parcel",
            trigger: "button[name=action_wx_open_parcels]",
            run: "click",
        },
        {
            content: "It has a number",
            trigger: ".o_list_view .o_data_row .o_data_cell[name=tracking_no]:contains('ZTO')",
        },
    ],
});
