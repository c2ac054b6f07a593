import {registry} from "@web/core/registry";

/** The operator lists a product, publishes it and puts it on sale. */
registry.category("web_tour.tours").add("wx_mall_listing", {
    steps: () => [
        {
            content: "The catalogue shows what is listed",
            trigger: ".o_kanban_view .o_kanban_record:contains(Known cup)",
        },
        {
            content: "Make a listing",
            trigger: ".o-kanban-button-new",
            run: "click",
        },
        {
            content: "Choose the product",
            trigger: ".o_field_widget[name=product_tmpl_id] input",
            run: "edit Tour teapot",
        },
        {
            trigger: ".o-autocomplete--dropdown-item a:contains(Tour teapot)",
            run: "click",
        },
        {
            content: "The title is filled in; sell it better",
            trigger: ".o_field_widget[name=subtitle] input",
            run: "edit Holds a litre",
        },
        {
            trigger: "button[name=action_publish]",
            run: "click",
        },
        {
            content: "Approved at once: nobody reviews yet",
            trigger:
                ".o_statusbar_status .o_arrow_button_current[data-value=published]",
        },
        {
            trigger: "button[name=action_put_on_sale]",
            run: "click",
        },
        {
            content: "Shoppers can see it now",
            trigger: "button[name=action_take_off_sale]",
        },
        {
            content: "One SKU with a price",
            trigger: "button[name=action_open_skus]",
        },
    ],
});
