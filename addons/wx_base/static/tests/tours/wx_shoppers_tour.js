import {registry} from "@web/core/registry";

// Customer service finds a shopper, decides a proposed link, suspends and restores.
registry.category("web_tour.tours").add("wx_base_shoppers", {
    steps: () => [
        {
            content: "A proposal waits",
            trigger: ".o_list_view .o_data_row:contains('Tour shopper')",
        },
        {
            content: "Confirm it",
            trigger:
                ".o_data_row:contains('Tour shopper') button[name='action_confirm']",
            run: "click",
        },
        {
            content: "It left the list of open ones",
            trigger: ".o_view_nocontent_smiling_face",
        },
        {
            content: "Go to the shoppers",
            trigger: "button[data-menu-xmlid='wx_base.menu_wx_users']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='wx_base.menu_wx_user']",
            run: "click",
        },
        {
            content: "Open the shopper",
            trigger: ".o_data_row td[name='display_name']:contains('Tour shopper')",
            run: "click",
        },
        {
            content: "Linked, and the phone is masked",
            trigger: ".o_form_view .o_field_widget[name='phone']:contains('****')",
        },
        {
            trigger: ".o_field_widget[name='partner_id'] input:value('Tour contact')",
        },
        {
            content: "Suspend",
            trigger: "button[name='action_block']",
            run: "click",
        },
        {
            trigger: ".modal .btn-primary",
            run: "click",
        },
        {
            content: "Lift the suspension",
            trigger: "button[name='action_unblock']:visible",
            run: "click",
        },
        {
            trigger: "button[name='action_block']:visible",
        },
        {
            content: "The logins have ended",
            trigger: "button[name='action_open_sessions']",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Tour shopper')",
        },
    ],
});

// The operator reads the event stream as list, chart and pivot, and the kanban view.
registry.category("web_tour.tours").add("wx_base_events", {
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row:contains('page.view')",
        },
        {
            trigger: "button.o_switch_view.o_graph",
            run: "click",
        },
        {
            trigger: ".o_graph_renderer canvas",
        },
        {
            trigger: "button.o_switch_view.o_pivot",
            run: "click",
        },
        {
            trigger: ".o_pivot table:contains('page.view')",
        },
        {
            trigger: "button[data-menu-xmlid='wx_base.menu_wx_users']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='wx_base.menu_wx_user']",
            run: "click",
        },
        {
            trigger: "button.o_switch_view.o_kanban",
            run: "click",
        },
        {
            trigger: ".o_kanban_record:contains('Tour shopper')",
        },
    ],
});
