from odoo import api, models


class WxFreightPart(models.AbstractModel):
    """Whatever freight depends on: each change makes the prepared documents new."""

    _name = "wx.freight.part"
    _description = "Part of a freight template"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env["wx.freight.service"]._bump(records.company_id)
        return records

    def write(self, vals):
        companies = self.company_id
        done = super().write(vals)
        self.env["wx.freight.service"]._bump(companies | self.company_id)
        return done

    def unlink(self):
        companies = self.company_id
        done = super().unlink()
        self.env["wx.freight.service"]._bump(companies)
        return done
