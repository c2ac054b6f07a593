import { registry } from "@web/core/registry";

// A customer pays an invoice on Odoo's own payment page with WeChat's QR code.
registry.category("web_tour.tours").add("wx_pay_portal_qr", {
    steps: () => [
        {
            content: "WeChat Pay is chosen",
            trigger: '[name="o_payment_radio"][data-provider-code="wechatpay"]',
            run: "click",
        },
        {
            content: "Pay",
            trigger: 'button[name="o_payment_submit_button"]:not([disabled])',
            run: "click",
        },
        {
            content: "The code is drawn inside the page",
            trigger: '[name="o_wx_pay_code"] img[src^="data:image/png;base64,"]',
            expectUnloadPage: true,
        },
        {
            content: "The page goes on by itself once the payment arrived",
            trigger: "h1:contains(Payment Status), .alert-success, #portal_pay, .o_portal_sidebar",
            timeout: 30000,
        },
    ],
});
