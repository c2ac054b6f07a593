from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

STATES = [
    ("waiting", "Waiting for the carrier"),
    ("collected", "Collected"),
    ("transit", "In transit"),
    ("delivering", "Out for delivery"),
    ("delivered", "Signed for"),
    ("problem", "Problem"),
    ("returned", "Returned"),
]
RANK = {name: place for place, (name, _label) in enumerate(STATES)}
#: a parcel in one of these is not looked after any more
ENDED = ("delivered", "returned")
#: WeChat takes 128 characters (reference §6.3)
MAX_TRACKING = 128
#: first look after shipping, then ever more rarely while nothing happens
FIRST_LOOK = timedelta(hours=1)
LAST_WAIT = timedelta(hours=12)


class WxParcel(models.Model):
    """One parcel on its way to a shopper.

    The ERP knows one tracking reference per delivery and no track; a mall order can
    travel in several parcels of one delivery and several deliveries. The parcel is made
    when its delivery is validated, or before that when a waybill is asked for.
    """

    _name = "wx.parcel"
    _description = "Parcel"
    _inherit = ["wx.guarded.mixin", "mail.thread", "wx.job.mixin"]
    _order = "id desc"
    _check_company_auto = True
    _rec_names_search = ["tracking_no", "order_id.name"]
    _wx_staff_fields = frozenset(
        {"carrier_id", "express_code", "tracking_no", "line_ids"}
    )
    _wx_staff_create = frozenset({"order_id", "picking_id"})

    order_id = fields.Many2one(
        "wx.order", "Mall order", required=True, index=True, ondelete="restrict"
    )
    picking_id = fields.Many2one(
        "stock.picking", "Delivery", index="btree_not_null", ondelete="set null"
    )
    # the order's columns, stored: record rules and lists go by them
    app_id = fields.Many2one(
        related="order_id.app_id", store=True, precompute=True, index=True
    )
    company_id = fields.Many2one(
        related="order_id.company_id", store=True, precompute=True, index=True
    )
    user_id = fields.Many2one(
        related="order_id.user_id", string="Shopper", store=True, precompute=True
    )
    carrier_id = fields.Many2one("delivery.carrier", check_company=True)
    express_code = fields.Char(
        "WeChat company code",
        compute="_compute_express_code",
        store=True,
        readonly=False,
        precompute=True,
    )
    tracking_no = fields.Char("Tracking number", index="btree_not_null", tracking=True)
    state = fields.Selection(
        STATES, required=True, default="waiting", readonly=True, index=True
    )
    line_ids = fields.One2many("wx.parcel.line", "parcel_id", "Goods")
    event_ids = fields.One2many("wx.parcel.event", "parcel_id", "Track", readonly=True)
    qty_total = fields.Integer("Pieces", compute="_compute_goods")
    goods = fields.Char("Contents", compute="_compute_goods")
    last_text = fields.Char("Last event", readonly=True)
    # dates, UTC
    shipped_at = fields.Datetime("Shipped", readonly=True, index=True)
    collected_at = fields.Datetime("Collected on", readonly=True)
    delivered_at = fields.Datetime("Delivered on", readonly=True)
    last_event_at = fields.Datetime("Last event on", readonly=True)
    looked_at = fields.Datetime("Last looked at", readonly=True)
    next_look_at = fields.Datetime("Next look", readonly=True)
    idle_looks = fields.Integer(readonly=True)
    look_error = fields.Char("Tracking problem", readonly=True)

    _number_uniq = models.UniqueIndex(
        "(order_id, tracking_no) WHERE tracking_no IS NOT NULL",
        "This order has a parcel with that tracking number already.",
    )
    _look_idx = models.Index("(next_look_at) WHERE next_look_at IS NOT NULL")

    @api.depends("tracking_no", "order_id.name")
    def _compute_display_name(self):
        for parcel in self:
            parcel.display_name = parcel.tracking_no or self.env._(
                "%(order)s, parcel without number", order=parcel.order_id.name or ""
            )

    @api.depends("carrier_id.wx_express_code")
    def _compute_express_code(self):
        for parcel in self:
            parcel.express_code = (
                parcel.carrier_id.wx_express_code or parcel.express_code
            )

    @api.depends("line_ids.qty", "line_ids.order_line_id.title")
    def _compute_goods(self):
        for parcel in self:
            parcel.qty_total = sum(parcel.line_ids.mapped("qty"))
            parcel.goods = "；".join(
                f"{line.order_line_id.title}*{line.qty}" for line in parcel.line_ids
            )

    @api.constrains("tracking_no")
    def _check_tracking_no(self):
        for parcel in self:
            number = parcel.tracking_no
            if number and (len(number) > MAX_TRACKING or not number.isascii()):
                raise ValidationError(
                    self.env._(
                        "A tracking number has at most 128 letters, digits and signs."
                    )
                )

    @api.constrains("line_ids", "order_id")
    def _check_lines(self):
        for parcel in self:
            foreign = parcel.line_ids.order_line_id.filtered(
                lambda line, order=parcel.order_id: line.order_id != order
            )
            if foreign:
                raise ValidationError(
                    self.env._("A parcel holds goods of its own order only.")
                )

    # write ----------------------------------------------------------------------
    def write(self, vals):
        if "tracking_no" in vals:
            vals = {**vals, "tracking_no": (vals["tracking_no"] or "").strip() or False}
        done = super().write(vals)
        if {"tracking_no", "carrier_id", "express_code", "line_ids"} & set(vals):
            self._numbers_changed()
        return done

    @api.model_create_multi
    def create(self, vals_list):
        parcels = super().create(vals_list)
        if not self.env.context.get("wx_parcels_of_picking"):
            for parcel in parcels.filtered("picking_id"):
                if parcel.picking_id.state == "done" and not parcel.shipped_at:
                    parcel._set_shipped(parcel.picking_id.date_done)
            parcels._numbers_changed()
        return parcels

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unshipped(self):
        if self.filtered("shipped_at"):
            raise UserError(
                self.env._("A parcel that left stays: correct its number instead.")
            )

    def _numbers_changed(self):
        """The delivery shows the same numbers, and WeChat hears of what left."""
        for picking in self.picking_id:
            picking._wx_numbers_from_parcels()
        left = self.filtered("shipped_at")
        left.filtered(lambda p: p.state not in ENDED)._look_again()
        # sudo: the report's state is written by the system only
        left.order_id.sudo()._wx_queue_shipping()

    def _set_shipped(self, moment):
        """The parcel left at ``moment`` (UTC); the watch on it begins."""
        # sudo: staff may add a parcel, not say when it left
        self.sudo().write({"shipped_at": moment, "next_look_at": moment + FIRST_LOOK})

    # track ----------------------------------------------------------------------
    def _record_track(self, events, source="carrier"):
        """Stores what is new of a track and moves the state on.

        :param events: dicts ``at`` (naive UTC), ``state`` (one of STATES or None: no
            change), ``text``, ``kind`` (the carrier's own code)
        :return: number of new events; repeated ones are skipped
        """
        self.ensure_one()
        self.flush_recordset()
        # Scans come by the second and are handled by several workers: the later one
        # waits here and, when the parcel has moved on meanwhile, is run again.
        self.env.cr.execute(
            "SELECT 1 FROM wx_parcel WHERE id = %s FOR NO KEY UPDATE", (self.id,)
        )
        # sudo: tracks come from carriers; nobody writes them by hand
        Event = self.env["wx.parcel.event"].sudo()
        known = set(self.sudo().event_ids.mapped("key"))
        new = []
        for event in sorted(events, key=lambda event: event["at"]):
            text = (event.get("text") or "")[:500]
            key = Event._key_of(event["at"], event.get("kind") or "", text)
            if key in known:
                continue
            known.add(key)
            new.append(
                {
                    "parcel_id": self.id,
                    "at": event["at"],
                    "text": text,
                    "state": event.get("state"),
                    "source": source,
                    "key": key,
                }
            )
        if new:
            Event.create(new)
            self._apply_track(new)
        return len(new)

    def _apply_track(self, new):
        """State and dates from all events; the newest decides, arrival is final."""
        events = self.event_ids.filtered("state").sorted("at")
        values = {"idle_looks": 0, "look_error": False}
        newest = max(new, key=lambda event: event["at"])
        if not self.last_event_at or newest["at"] >= self.last_event_at:
            values.update(last_event_at=newest["at"], last_text=newest["text"])
        if events:
            state = events[-1].state
            if self.state in ENDED and state not in ENDED:
                state = self.state
            values["state"] = state
        for name in ("collected", "delivered"):
            first = events.filtered(
                lambda event, name=name: (
                    RANK[name] <= RANK[event.state] <= RANK["delivered"]
                )
            )[:1]
            if first:
                values[f"{name}_at"] = first.at
        values["next_look_at"] = (
            False
            if values.get("state", self.state) in ENDED
            else fields.Datetime.now() + FIRST_LOOK
        )
        self.write(values)

    def _look_again(self):
        """Looks at the track soon."""
        # sudo: follows a number that staff may write
        self.sudo().write({"next_look_at": fields.Datetime.now(), "idle_looks": 0})

    def _carrier_text(self):
        """The carrier's name as people know it."""
        self.ensure_one()
        if self.carrier_id:
            return self.carrier_id.name
        companies = self.env["wx.express.company"].with_context(active_test=False)
        found = companies.search([("code", "=", self.express_code)], limit=1)
        return found.name or self.express_code or ""

    # buttons --------------------------------------------------------------------
    def action_open_order(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "wx.order",
            "res_id": self.order_id.id,
            "views": [(False, "form")],
        }

    def action_staff_event(self):
        """Opens the dialog in which staff enters what they learned by phone."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add to the track"),
            "res_model": "wx.parcel.note",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_parcel_id": self.id},
        }
