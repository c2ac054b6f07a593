from odoo import api, models
from odoo.exceptions import AccessError, LockError, UserError

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.tools import rc_cursor

from ..models.wx_pickup import DIGITS, clean_code

WINDOW = 600
USER_TRIES, POINT_TRIES = 10, 30
UNKNOWN = "pickup.code_unknown"


class _Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class WxPickupDesk(models.AbstractModel):
    """The counter of a shop, called by its page in the web client.

    Wrong codes are counted per user and per point in a transaction of their own;
    above ``wx_base.limit.pickup_user`` (10) or ``…pickup_point`` (30) within ten
    minutes the desk is locked until the window ends. Answers are dicts with ``ok``; a
    refusal has a stable ``code`` and a ``message`` for the clerk.
    """

    _name = "wx.pickup.desk"
    _description = "Pickup desk"

    # page -----------------------------------------------------------------------
    @api.model
    def get_points(self):
        """``[{id, name}]``: points where the calling clerk may hand over."""
        self._check_clerk()
        points = self.env["wx.pickup.point"].search(
            [("company_id", "in", self.env.companies.ids)]
        )
        return [
            {"id": point.id, "name": point.name}
            for point in points
            if point._allows(self.env.user)
        ]

    @api.model
    def find(self, point_id, code):
        """What a code stands for: ``{ok, pickup: {id, order, state, goods, …}}``.

        Refusals: ``pickup.locked``, ``pickup.code_unknown``, ``pickup.wrong_point``,
        ``pickup.code_used``, ``pickup.code_expired``, ``pickup.order_refunded``.
        """
        return self._answer(
            point_id, lambda: {"pickup": self._shown(self._find(point_id, code))}
        )

    @api.model
    def hand_over(self, point_id, code):
        """Hands the goods over: validates the delivery, once. As ``find``, and
        ``pickup.goods_missing``, ``pickup.busy``."""
        return self._answer(point_id, lambda: self._hand_over(point_id, code))

    # steps ----------------------------------------------------------------------
    def _answer(self, point_id, step):
        self._check_clerk()
        try:
            with self.env.cr.savepoint():
                return {"ok": True, **step()}
        except _Refused as refused:
            if refused.code == UNKNOWN:
                self._count_wrong(self._point(point_id))
            return {"ok": False, "code": refused.code, "message": str(refused)}
        except LockError:
            message = self.env._("Somebody else is handing this order over right now.")
            return {"ok": False, "code": "pickup.busy", "message": message}

    def _check_clerk(self):
        if not self.env.user.has_group("wx_base.group_wx_operator"):
            raise AccessError(self.env._("Only operators hand over orders."))

    def _point(self, point_id):
        point = self.env["wx.pickup.point"].browse(int(point_id)).exists()
        point.check_access("read")
        if not point or not point._allows(self.env.user):
            raise AccessError(self.env._("You do not work at this pickup point."))
        return point

    def _limits(self, point):
        counter = self.env["wx.request.limit"]
        return [
            ("pickup_user", self.env.uid, counter._limit("pickup_user", USER_TRIES)),
            ("pickup_point", point.id, counter._limit("pickup_point", POINT_TRIES)),
        ]

    def _find(self, point_id, code):
        """The pickup of a code that may be handed over now, or a refusal."""
        point = self._point(point_id)
        self._check_locked(point)
        digits = clean_code(code)
        # the digest column is readable by nobody; company and point are checked here
        pickup = self.env["wx.pickup"].sudo()
        if len(digits) == DIGITS:
            pickup = pickup.search(
                [("code", "=", digits), ("company_id", "=", point.company_id.id)],
                limit=1,
            )
        if not pickup:
            raise _Refused(UNKNOWN, self.env._("There is no order with this code."))
        self._check_pickup(pickup, point)
        return pickup

    def _check_locked(self, point):
        """What others counted meanwhile is seen too: a cursor in READ COMMITTED."""
        limits = self._limits(point)
        try:
            with rc_cursor(self.env) as cr:
                # the counters are readable by nobody
                counter = self.env(cr=cr)["wx.request.limit"].sudo()
                for scope, subject, limit in limits:
                    counter._check(scope, subject, limit, WINDOW)
        except WxError as error:
            raise self._locked(error) from None

    def _count_wrong(self, point):
        # sudo: clerks need not read limits
        counter = self.env["wx.request.limit"].sudo()
        for scope, subject, _limit in self._limits(point):
            counter._hit(scope, subject, 2**31, WINDOW)

    def _locked(self, error):
        seconds = int(dict(error.headers or ()).get("Retry-After", WINDOW))
        return _Refused(
            "pickup.locked",
            self.env._(
                "Too many wrong codes. The desk is locked for %(minutes)s minutes.",
                minutes=max(1, -(-seconds // 60)),
            ),
        )

    def _check_pickup(self, pickup, point):
        if pickup.point_id != point:
            raise _Refused(
                "pickup.wrong_point",
                self.env._(
                    "This order is collected at %(point)s.", point=pickup.point_id.name
                ),
            )
        if pickup.state == "picked_up":
            raise _Refused(
                "pickup.code_used",
                self.env._("This order was picked up already; the code is used."),
            )
        if pickup.order_id.state in ("refunded", "cancelled", "closed"):
            raise _Refused(
                "pickup.order_refunded",
                self.env._("This order was refunded: keep the goods."),
            )
        if pickup._is_expired():
            raise _Refused(
                "pickup.code_expired",
                self.env._(
                    "The time to collect this order is over. Extend it in the list of "
                    "pickups if the goods are still here."
                ),
            )

    def _hand_over(self, point_id, code):
        pickup = self._find(point_id, code)
        pickup.lock_for_update()
        pickup.invalidate_recordset()
        self._check_pickup(pickup, pickup.point_id)
        number = pickup.order_id.name
        desk = pickup.with_user(self.env.user).with_context(
            wx_pickup_desk=True, skip_backorder=True
        )
        # a chain of steps (pick, pack, ship) is walked to its end
        for _step in range(5):
            pickings = desk._open_pickings()
            if not pickings:
                break
            if not desk._reserved():
                raise _Refused(
                    "pickup.goods_missing",
                    self.env._("Not all goods of this order are in the shop's stock."),
                )
            self._validate(pickings.filtered(lambda p: p.state == "assigned"))
        if pickup.state != "picked_up":
            raise _Refused(
                "pickup.goods_missing",
                self.env._("There is no delivery to hand over yet; try again soon."),
            )
        return {"order": number}

    def _validate(self, pickings):
        try:
            for picking in pickings:
                picking.move_ids.picked = True
                picking.button_validate()
        except UserError as error:
            raise _Refused("pickup.goods_missing", str(error)) from None

    def _shown(self, pickup):
        order = pickup.order_id
        desk = pickup.with_user(self.env.user)
        return {
            "id": pickup.id,
            "order": order.name,
            "state": pickup.state,
            "paid": order.amount_paid,
            "remark": order.remark or "",
            "reserved": desk._reserved(),
            "goods": desk._goods(),
        }
