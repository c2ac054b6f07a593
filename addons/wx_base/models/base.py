from odoo import models
from odoo.exceptions import AccessError, UserError

from ..fields import WxEncrypted

REVEALERS = (
    "wx_base.group_wx_service",
    "wx_base.group_wx_compliance",
    "wx_base.group_wx_manager",
)


class Base(models.AbstractModel):
    """Clear text of encrypted fields, and the operations they refuse."""

    _inherit = "base"

    def _wx_encrypted(self, name):
        """The WxEncrypted field ``name``; raises TypeError when it is none."""
        field = self._fields.get(name)
        if field is not None and field.related and not field.store:
            field = field.base_field
        if not isinstance(field, WxEncrypted):
            raise TypeError(f"{self._name}.{name} is not an encrypted field")
        return field

    def _wx_reveal(self, name, reason):
        """Clear text of one record's personal datum; every call is logged.

        :param reason: why, in words; kept in ``wx.reveal.log`` for ever
        :return: str, or False when empty
        :raises AccessError: record, field or role do not allow it
        :raises keys.WxKeyError: the stored value does not open
        """
        self.ensure_one()
        return self._wx_reveal_many(name, reason)[self.id]

    def _wx_reveal_many(self, name, reason):
        """As ``_wx_reveal`` for a recordset: {record id: clear text or False}."""
        field = self._wx_encrypted(name)
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the clear text is needed."))
        if not self.env.su:
            self.check_access("read")
            self._check_field_access(field, "read")
            if not any(self.env.user.has_group(group) for group in REVEALERS):
                raise AccessError(
                    self.env._("Your role may not see personal data in clear text.")
                )
        values = {record.id: field.stored(record) for record in self}
        self.env["wx.reveal.log"]._record(self, name, reason)
        return {
            record_id: field.decrypt(value) if value else False
            for record_id, value in values.items()
        }

    def _wx_reveal_action(self, name):
        """Action for a button: the dialog that asks for the reason and then shows."""
        self.ensure_one()
        self._wx_encrypted(name)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Show Clear Text"),
            "res_model": "wx.reveal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_field_name": name,
            },
        }

    def action_wx_reveal(self):
        """For any form of a record with encrypted fields::

        <button name="action_wx_reveal" type="object" context="{'wx_field': 'phone'}"
        """
        return self._wx_reveal_action(self.env.context.get("wx_field"))

    def _wx_secret(self, name):
        """Clear text of a *secret* that code needs (keys, tokens); not logged, so
        never use it for personal data. Returns str or False."""
        self.ensure_one()
        field = self._wx_encrypted(name)
        if field.mask != "secret":
            raise ValueError(f"{self._name}.{name}: personal data, use _wx_reveal")
        value = field.stored(self)
        return field.decrypt(value) if value else False

    # refused operations -----------------------------------------------------------
    def _read_group_groupby(self, alias, groupby_spec, query):
        field = self._fields.get(groupby_spec.split(":")[0].split(".")[0])
        if isinstance(field, WxEncrypted):
            field._refuse(self.env)
        return super()._read_group_groupby(alias, groupby_spec, query)

    def _read_group_select(self, aggregate_spec, query):
        field = self._fields.get(aggregate_spec.split(":")[0].split(".")[0])
        if isinstance(field, WxEncrypted):
            field._refuse(self.env)
        return super()._read_group_select(aggregate_spec, query)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        field = self._fields.get(field_name.split(".")[0])
        if isinstance(field, WxEncrypted):
            field._refuse(self.env)
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
