import { _t } from "@web/core/l10n/translation";
import { rpc } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";
import { PaymentForm } from "@payment/interactions/payment_form";

const POLL_MS = 2000;

patch(PaymentForm.prototype, {
    /**
     * WeChat Pay is paid inside the page: no redirection.
     *
     * @override
     */
    async _prepareInlineForm(providerId, providerCode, paymentOptionId, pmCode, flow) {
        if (providerCode !== "wechatpay") {
            await super._prepareInlineForm(...arguments);
            return;
        }
        if (flow !== "token") {
            this._setPaymentFlow("direct");
        }
    },

    /**
     * Show the QR code and wait until the payment arrived.
     *
     * @override
     */
    async _processDirectFlow(providerCode, paymentOptionId, pmCode, processingValues) {
        if (providerCode !== "wechatpay") {
            await super._processDirectFlow(...arguments);
            return;
        }
        const container = this.el.querySelector('[name="o_wx_pay_container"]');
        const code = container.querySelector('[name="o_wx_pay_code"]');
        code.querySelector("img").src = processingValues.wx_qr;
        code.classList.remove("d-none");
        container.querySelector('[name="o_wx_pay_hint"]').classList.add("d-none");
        this._enableButton(); // also unblocks the page
        this._hideInputs();
        await this._pollWechatPay(processingValues);
    },

    async _pollWechatPay({ reference, wx_token: token }) {
        const { state } = await this.waitFor(
            rpc("/wx/pay/portal/state", { reference, token }, { silent: true })
        );
        if (state === "done") {
            window.location = "/payment/status";
        } else if (state === "draft" || state === "pending") {
            this.waitForTimeout(
                () => this._pollWechatPay({ reference, wx_token: token }),
                POLL_MS
            );
        } else {
            this._displayErrorDialog(
                _t("Payment processing failed"),
                _t("The payment was closed. Please start it again.")
            );
            this._enableButton();
        }
    },
});
