import {registry} from "@web/core/registry";

// An administrator enters a mini-program, tests the connection, looks at the calls,
// retries a failed job and starts the renewal of the encryption.
registry.category("web_tour.tours").add("wx_base_platform", {
    steps: () => [
        {
            content: "Open the mini-program",
            trigger: ".o_data_row td[name='name']:contains('Tour app')",
            run: "click",
        },
        {
            content: "The secret is masked",
            trigger: ".nav-link[name='connection']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='secret'] input:value('********')",
        },
        {
            content: "Change something; the secret stays",
            trigger: ".o_field_widget[name='rate_per_second'] input",
            run: "edit 25",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_saved",
        },
        {
            content: "WeChat accepts the keys",
            trigger: "button[name='action_test_connection']",
            run: "click",
        },
        {
            trigger: ".o_notification:has(.bg-success)",
        },
        {
            content: "Calls as a graph",
            trigger: ".oe_stat_button:has([name='calls_today'])",
            run: "click",
        },
        {
            trigger: ".o_graph_renderer canvas",
        },
        {
            content: "Long jobs",
            trigger: "button[data-menu-xmlid='wx_base.menu_wx_config']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='wx_base.menu_wx_job_chain']",
            run: "click",
        },
        {
            content: "Retry the failed one",
            trigger: ".o_data_row:contains('Tour job') button[name='action_retry']",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Tour job') button[name='action_cancel']",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Tour job') button[name='action_retry']",
        },
        {
            content: "Encryption keys",
            trigger: "button[data-menu-xmlid='wx_base.menu_wx_config']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='wx_base.menu_wx_crypto_key']",
            run: "click",
        },
        {
            trigger: "button[name='action_rotate']",
            run: "click",
        },
        {
            content: "The renewal shows its progress",
            trigger: ".o_form_view .o_field_widget[name='progress'] .o_progress",
        },
    ],
});
