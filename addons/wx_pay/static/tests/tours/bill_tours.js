import {registry} from "@web/core/registry";

// The accountant sees a red day, reads what differs, applies WeChat's refund, explains
// the rest, and finds the day in order.
registry.category("web_tour.tours").add("wx_pay_bill_day", {
    steps: () => [
        {
            content: "The day is red",
            trigger: ".o_data_row .o_field_widget[name='light'] .text-bg-danger",
        },
        {
            trigger: ".o_data_row td[name='date']",
            run: "click",
        },
        {
            content: "Two breaks are open",
            trigger: ".o_form_view .o_field_widget[name='open_break_count']:contains('2')",
        },
        {
            trigger: "button[name='action_breaks']",
            run: "click",
        },
        {
            content: "A refund that the ERP does not know",
            trigger: ".o_data_row:contains('30.00') td[name='document']",
            run: "click",
        },
        {
            content: "What WeChat says, what to do",
            trigger: ".o_field_widget[name='explanation']:contains('¥30.00')",
        },
        {
            trigger: ".o_field_widget[name='remedy'] span:not(:empty)",
        },
        {
            trigger: "button[name='action_apply']",
            run: "click",
        },
        {
            content: "It resolved itself",
            trigger: ".o_statusbar_status button.o_arrow_button_current[data-value='resolved']",
        },
        {
            trigger: ".o_back_button, .breadcrumb-item.o_back_button a",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('12.34') td[name='document']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='explanation']:contains('¥12.34')",
        },
        {
            trigger: "button[name='action_assign_me']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='note'] textarea",
            run: "edit The cash desk uses this merchant number too",
        },
        {
            trigger: "button[name='action_explain']",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status button.o_arrow_button_current[data-value='explained']",
        },
        {
            content: "Back to the days",
            trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='wx_pay.menu_wx_bill_day']",
            run: "click",
        },
        {
            content: "The day is in order",
            trigger: ".o_data_row .o_field_widget[name='light'] .text-bg-success",
        },
    ],
});

// Every screen of the accountant opens.
registry.category("web_tour.tours").add("wx_pay_bill_screens", {
    steps: () => [
        {trigger: ".o_list_view .o_data_row"},
        {trigger: ".o_switch_view.o_calendar", run: "click"},
        {trigger: ".o_calendar_view .o_calendar_widget"},
        {trigger: ".o_switch_view.o_kanban", run: "click"},
        {trigger: ".o_kanban_view .o_kanban_record .fw-bold"},
        ...["wx_pay_break", "wx_statement_line", "wx_bill"].flatMap((menu) => [
            {trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']", run: "click"},
            {trigger: `[data-menu-xmlid='wx_pay.menu_${menu}']`, run: "click"},
            {trigger: ".o_list_view .o_data_row"},
            ...(menu === "wx_pay_break"
                ? [
                      {trigger: ".o_switch_view.o_kanban", run: "click"},
                      {trigger: ".o_kanban_view .o_kanban_record:contains('12.34')"},
                      {trigger: ".o_switch_view.o_graph", run: "click"},
                      {trigger: ".o_graph_view canvas"},
                      {trigger: ".o_switch_view.o_pivot", run: "click"},
                      {trigger: ".o_pivot_view table"},
                  ]
                : []),
        ]),
        {
            content: "A file and its lines",
            trigger: ".o_data_row td[name='kind']:contains('Trade'), .o_data_row td[name='kind']:contains('交易')",
            run: "click",
        },
        {trigger: "button[name='action_lines']", run: "click"},
        {trigger: ".o_list_view .o_data_row td[name='tx_id']:not(:empty)"},
        {trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']", run: "click"},
        {trigger: "[data-menu-xmlid='wx_pay.menu_wx_bill_fetch']", run: "click"},
        {trigger: ".modal button[name='action_fetch']"},
        {trigger: ".modal .btn-close", run: "click"},
        {trigger: "body:not(:has(.modal))"},
        {trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']", run: "click"},
        {trigger: "[data-menu-xmlid='wx_pay.menu_wx_bill_upload']", run: "click"},
        {trigger: ".modal button[name='action_upload']"},
        {trigger: ".modal .btn-close", run: "click"},
        {trigger: "body:not(:has(.modal))"},
    ],
});

// The accounting administrator sets up journals and accounts.
registry.category("web_tour.tours").add("wx_pay_accounting_setup", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_wx_accounting'], .o_form_view a[name='wx_accounting']",
        },
        {trigger: "a[name='wx_accounting']", run: "click"},
        {trigger: "button[name='action_wx_accounting']", run: "click"},
        {
            content: "What will be made",
            trigger: ".modal .o_field_widget[name='proposal']:contains('1012')",
        },
        {trigger: ".modal button[name='action_apply']", run: "click"},
        {trigger: "body:not(:has(.modal))"},
        {trigger: ".o_field_widget[name='wx_journal_basic_id'] input:not(:placeholder-shown)"},
    ],
});

// The accountant fetches a day, looks at the calendar, opens a break, closes two breaks
// together, and takes that back.
registry.category("web_tour.tours").add("wx_pay_bill_remedy", {
    steps: () => [
        {trigger: ".o_list_view .o_data_row"},
        {trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']", run: "click"},
        {trigger: "[data-menu-xmlid='wx_pay.menu_wx_bill_fetch']", run: "click"},
        {trigger: ".modal button[name='action_fetch']", run: "click"},
        {trigger: "body:not(:has(.modal)) .o_list_view .o_data_row"},
        {trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']", run: "click"},
        {trigger: "[data-menu-xmlid='wx_pay.menu_wx_bill_day']", run: "click"},
        {trigger: ".o_switch_view.o_calendar", run: "click"},
        {trigger: ".o_calendar_view .o_calendar_widget"},
        {trigger: "button[data-menu-xmlid='wx_base.menu_wx_pay']", run: "click"},
        {trigger: "[data-menu-xmlid='wx_pay.menu_wx_pay_break']", run: "click"},
        {
            trigger: ".o_data_row:contains('12.34') td[name='document']",
            run: "click",
        },
        {trigger: ".o_field_widget[name='explanation']:contains('¥12.34')"},
        {
            trigger: ".o_back_button, .breadcrumb-item.o_back_button a",
            run: "click",
        },
        {trigger: ".o_list_view thead .o_list_record_selector input", run: "click"},
        {trigger: "button[name='action_remedy']", run: "click"},
        {
            trigger: ".modal .o_field_widget[name='remedy'] input[data-value='explain']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='note'] textarea",
            run: "edit The cash desk uses this merchant number too",
        },
        {trigger: ".modal button[name='action_run']:visible", run: "click"},
        {
            content: "What came of each",
            trigger: ".o_form_view .o_field_widget[name='line_ids'] .o_data_row:nth-child(2)",
        },
        {trigger: "button[name='action_undo']", run: "click"},
        {
            trigger:
                ".o_statusbar_status button.o_arrow_button_current[data-value='undone']",
        },
    ],
});
