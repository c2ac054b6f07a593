import {registry} from "@web/core/registry";

/** Operator: overview → exceptions → try again → settled. */
registry.category("web_tour.tours").add("wx_mall_operator_exception", {
    url: "/odoo/mall",
    steps: () => [
        {
            content: "The overview counts the exceptions",
            trigger: ".o_wx_overview .o_wx_queue[data-key=exceptions]",
            run: "click",
        },
        {
            content: "Grouped by what happened; open the one",
            trigger: ".o_kanban_view .o_kanban_record:contains('Not posted by test')",
            run: "click",
        },
        {
            content: "It says what to do",
            trigger: ".o_form_view .alert-info .o_field_widget[name=hint]:not(.o_field_empty)",
        },
        {
            content: "The cause was corrected: try again",
            trigger: ".o_form_statusbar button[name=action_retry]",
            run: "click",
        },
        {
            content: "Settled",
            trigger: ".o_arrow_button_current[data-value=resolved]",
        },
        {
            content: "Look at the order",
            trigger: ".o-form-buttonbox button[name=action_open_order], .oe_button_box button[name=action_open_order]",
            run: "click",
        },
        {
            content: "Its money box",
            trigger: ".o_field_widget[name=amount_ledger]",
        },
        {
            content: "Its time line",
            trigger: ".o_notebook .nav-link[name=log]",
            run: "click",
        },
        {
            content: "Every step is there",
            trigger: ".o_field_widget[name=log_ids] .o_data_row",
        },
    ],
});

/** Service: a shopper wants to cancel; the order is refunded from the work board. */
registry.category("web_tour.tours").add("wx_mall_service_cancels", {
    url: "/odoo/mall-work",
    steps: () => [
        {
            content: "The order is on the board with its exception",
            trigger: ".o_kanban_view .o_kanban_record:contains('26010100000002')",
            run: "click",
        },
        {
            content: "Agree",
            trigger: ".o_form_statusbar button[name=action_grant_cancel]",
            run: "click",
        },
        {
            content: "Cancelled, the money is on its way",
            trigger: ".o_arrow_button_current[data-value=cancelled]",
        },
    ],
});
