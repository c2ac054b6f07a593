from odoo import models
from odoo.exceptions import AccessError, UserError

from odoo.addons.wx_base.problems import WxError


class WxOrderRefund(models.Model):
    """What happens to a refund at WeChat, and what a person can do when it does not
    get through: send it again, ask again, pay on another way, withdraw it.

    WeChat's rules: ``reference/wechat-pay-v3.md`` §3.2–3.5. CLOSED and a refusal need a
    new number; ABNORMAL keeps its number and may still succeed.
    """

    _inherit = "wx.order.refund"

    def _wx_send(self):
        """Notes the refund at wx_pay, whose sweep sends it after the commit. A refusal
        that can be told now (too old, too many) leaves the refund to a person."""
        self.ensure_one()
        key = f"wx-order-refund-{self.id}"
        if self.attempt:
            key = f"{key}-{self.attempt}"
        try:
            self.transaction_id = self.env["wx.pay.service"]._refund(
                self.order_id.transaction_id, self.amount_fen, self.reason, key
            )
        except WxError as error:
            if error.code not in ("refund.too_old", "refund.too_many"):
                raise
            self._wx_refused("failed", str(error.title))

    def _wx_paid_back(self):
        """The shopper has the money."""
        self.ensure_one()
        self.write({"state": "done", "error": False})
        self._wx_end_exception(self.env._("The money went back."))
        self._wx_state_changed()

    def _wx_end_exception(self, resolution):
        # sudo: exceptions are raised and ended by the system
        self.env["wx.order.exception"].sudo().search(
            [
                ("refund_id", "in", self.ids),
                ("kind", "in", ("refund_failed", "refund_abnormal")),
                ("state", "=", "open"),
            ]
        )._resolve(resolution)

    def _wx_refused(self, state, message):
        """WeChat (``failed``) or the bank (``abnormal``) refused; never lost: it stays
        owed and appears among the exceptions."""
        self.ensure_one()
        self.write({"state": state, "error": message})
        kind = "refund_abnormal" if state == "abnormal" else "refund_failed"
        self.order_id._wx_exception(kind, message or "", refund_id=self.id)
        self._wx_state_changed()

    def _wx_state_changed(self):
        """Hook: a refund was paid, refused or withdrawn."""

    # buttons --------------------------------------------------------------------
    def _wx_check_may(self):
        """Remedies are for finance and managers; nobody writes a refund directly."""
        self.check_access("read")
        if not self.env.user.has_group("wx_base.group_wx_finance"):
            raise AccessError(
                self.env._("Refused refunds are settled by finance or a mall manager.")
            )

    def action_retry(self):
        """Sends a refused refund again, under a new number unless WeChat may still
        carry out the old one."""
        self._wx_check_may()
        # sudo: the right was checked above; the fields are nobody's to write
        for refund in self.sudo():
            refund.order_id._wx_lock()
            if refund.state != "failed":
                raise UserError(
                    self.env._("Only a refund that WeChat refused is sent again.")
                )
            refund.attempt += 1
            refund.write({"state": "pending", "error": False})
            refund._wx_end_exception(self.env._("Sent again"))
            refund._wx_send()
        return True

    def action_requery(self):
        """Asks WeChat how far the refunds are."""
        self.check_access("read")
        # sudo: the right was checked above; the fields are nobody's to write
        for refund in self.sudo().filtered("transaction_id"):
            self.env["wx.pay.service"]._query_refund(refund.transaction_id)
            if refund.transaction_id.state == "done" and refund.state != "done":
                refund.order_id._wx_on_refund(refund.transaction_id)
        return True

    def action_settle(self):
        """Opens the dialog that notes how the shopper was paid outside WeChat."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Paid outside WeChat"),
            "res_model": "wx.order.refund.settle",
            "view_mode": "form",
            "target": "new",
            "context": {"default_refund_id": self.id},
        }

    def _wx_settle(self, note):
        """The shopper got the money on another way (closed account, refused card): the
        credit note follows as for any refund.

        :raises UserError: WeChat may still pay it, or has paid it
        """
        self.ensure_one()
        self.order_id._wx_lock()
        if self.state not in ("failed", "abnormal"):
            raise UserError(
                self.env._("Only a refused refund can be settled outside WeChat.")
            )
        self.write({"outside_note": note, "state": "done", "error": False})
        self.order_id._wx_count_refunded()
        self.order_id.message_post(
            body=self.env._(
                "Refund of %(amount)s yuan paid outside WeChat: %(note)s",
                amount=f"{self.amount_fen / 100:.2f}",
                note=note,
            )
        )
        self._wx_end_exception(note)
        self._wx_state_changed()
        self.env["wx.order.posting"]._enqueue(self.company_id.id)

    def action_withdraw(self):
        """Gives a refused refund up: the money counts as not granted again."""
        self._wx_check_may()
        # sudo: the right was checked above; the fields are nobody's to write
        for refund in self.sudo():
            refund.order_id._wx_lock()
            if refund.state != "failed":
                raise UserError(
                    self.env._("Only a refund that WeChat refused can be withdrawn.")
                )
            if refund._wx_took_undelivered():
                raise UserError(
                    self.env._(
                        "Goods of this refund were taken out of the delivery: the "
                        "shopper must get the money. Pay it outside WeChat instead."
                    )
                )
            refund.state = "withdrawn"
            refund._wx_end_exception(self.env._("Withdrawn"))
            refund.order_id.message_post(
                body=self.env._(
                    "Refund of %(amount)s yuan withdrawn by %(user)s.",
                    amount=f"{refund.amount_fen / 100:.2f}",
                    user=self.env.user.name,
                )
            )
            refund._wx_state_changed()
        return True

    def _wx_took_undelivered(self) -> bool:
        """Whether pieces of this refund will not be shipped because of it."""
        self.ensure_one()
        delivered = sum((self.quantities or {}).values())
        return sum(self.line_ids.mapped("qty")) > delivered

    def action_open_credit_notes(self):
        """Button: the credit notes of this refund."""
        self.ensure_one()
        return self.order_id._open("account.move", self.credit_move_ids)

    def action_open_transaction(self):
        """Button: the refund transaction at WeChat."""
        self.ensure_one()
        return self.order_id._open("payment.transaction", self.transaction_id)
