import re

from odoo import api, models

from ..wxcrypto import normalise


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Contacts are typed in every notation; shoppers' numbers are looked up by digits.
    _wx_phone_tail_idx = models.Index(
        r"(right(regexp_replace(phone, '\D', '', 'g'), 11)) WHERE phone IS NOT NULL"
    )

    @api.model
    def _wx_by_phone(self, phone: str, company_id: int):
        """Contacts of a company (or of all) whose phone is this number."""
        wanted = normalise("phone", phone)
        tail = re.sub(r"\D", "", wanted)[-11:]
        if len(tail) < 7:
            return self.browse()
        self.flush_model(["phone", "company_id", "active"])
        self.env.cr.execute(
            r"""
            SELECT id FROM res_partner
             WHERE phone IS NOT NULL AND active
               AND right(regexp_replace(phone, '\D', '', 'g'), 11) = %s
               AND (company_id IS NULL OR company_id = %s)
             ORDER BY id LIMIT 20
            """,
            (tail, company_id),
        )
        found = self.browse(row[0] for row in self.env.cr.fetchall())
        return found.filtered(lambda p: normalise("phone", p.phone) == wanted)
