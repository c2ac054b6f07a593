from odoo import models


class WxPayableMixin(models.AbstractModel):
    """What wx_pay needs to know about a document that is paid through WeChat.

    wx_pay never names the document: a mall order inherits this and fills the hooks.
    All of them run as superuser; those marked *cheap* run inside the notification's
    five seconds and do a guarded SQL update at most, the rest is left to jobs.
    """

    _name = "wx.payable.mixin"
    _description = "Payable through WeChat"

    def _wx_payable_info(self):
        """Hook: what is to be paid now.

        :return: dict with ``amount_fen`` (int), ``description`` (str), ``openid`` (str
            or None), ``app`` (wx.app), ``company`` (res.company), ``partner_id`` (int
            or None before a partner exists), ``reference_prefix`` (letters, digits,
            ``-`` and ``_``), ``time_expire`` (naive UTC datetime or None)
        """
        raise NotImplementedError

    def _wx_payable_accepts(self, tx):
        """Hook, cheap: whether this payment may still pay the document.

        False makes it a ledgered exception with an automatic refund. Must be decided by
        a guarded update (or a lock) of the document's own row, so that two payments at
        the same time cannot both be accepted.

        :param tx: payment.transaction, not yet done
        """
        return True

    def _wx_payable_allows_payer(self, tx, openid):
        """Hook: whether somebody else than the attempt was placed for may have paid it
        (requirement X31). Asked only when WeChat names another payer.

        :param openid: who paid, by WeChat's word; never empty
        """
        return False

    def _wx_on_paid(self, tx):
        """Hook, cheap: the document is paid by ``tx``."""

    def _wx_on_unwanted_payment(self, tx, code):
        """Hook: a payment arrived that the document did not accept, late or twice.

        :param code: finding of the fact (``fact.late_payment``, ``fact.not_accepted``,
            ``fact.duplicate_payment``)
        :return: False when the money must wait for a person instead of going back at
            once (``wx.pay.service._return_payment``)
        """
        return True

    def _wx_on_returned_payment(self, tx, refund):
        """Hook: the refund of an unwanted payment was noted."""

    def _wx_on_payment_closed(self, tx):
        """Hook: WeChat confirmed that ``tx`` cannot be paid any more."""

    def _wx_on_refund(self, refund_tx):
        """Hook: a refund changed its state (done, cancel, error) or was made at the
        platform. ``refund_tx.amount`` is negative."""

    def _wx_payment_partners(self, txs):
        """Hook: partner of each payment before it is posted in the ledger.

        :param txs: payment.transaction of these documents
        :return: {tx id: partner id}; missing ones stay with the consumers' partner
        """
        return {}
