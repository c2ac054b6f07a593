import {registry} from "@web/core/registry";

/** Clerk with a phone: type the code, see the goods, hand over. */
registry.category("web_tour.tours").add("wx_mall_clerk_hands_over", {
    url: "/odoo/mall-pickup-desk",
    steps: () => [
        {
            content: "A wrong code is refused",
            trigger: ".o_wx_pickup_desk #wx_pickup_code",
            run: "edit 1234",
        },
        {content: "Look it up", trigger: ".o_wx_find", run: "click"},
        {content: "No such order", trigger: ".o_wx_error"},
        {
            content: "The shopper's code",
            trigger: "#wx_pickup_code",
            run: "edit 0123456789",
        },
        {content: "Look it up", trigger: ".o_wx_find", run: "click"},
        {
            content: "The goods are shown",
            trigger: ".o_wx_pickup .list-group-item:contains('保温杯')",
        },
        {content: "Hand over", trigger: ".o_wx_hand_over:enabled", run: "click"},
        {content: "Handed over", trigger: ".o_wx_done"},
    ],
});
