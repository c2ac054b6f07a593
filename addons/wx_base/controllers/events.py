"""Event intake."""

from odoo import http

from ..http import invalid, wx_route
from ..models.wx_event import MAX_DATA
from ..schemas.events import EventsIn, EventsOut


class WxEvents(http.Controller):
    @wx_route(
        "/events",
        methods=["POST"],
        body=EventsIn,
        returns=EventsOut,
        status=202,
        tags=["events"],
        summary="Report what happened on the phone",
        operation_id="post_events",
        max_body=128 * 1024,
    )
    def post_events(self, ctx, body):
        """An event with a ``key`` counts once however often its batch is sent."""
        events = ctx.env["wx.event"]
        kinds = events._wx_event_kinds()
        errors = []
        for index, event in enumerate(body.events):
            kind = kinds.get(event.kind)
            if kind is None or not kind.client:
                errors.append((index, "kind", "Unknown kind of event"))
            elif event.data and len(event.model_dump_json()) > MAX_DATA:
                errors.append((index, "data", f"More than {MAX_DATA} characters"))
        if errors:
            raise invalid(
                {
                    "field": f"body.events.{index}.{name}",
                    "message": message,
                    "type": f"event_{name}",
                }
                for index, name, message in errors
            )
        accepted = events._intake(ctx, body.events)
        return {"accepted": accepted, "duplicates": len(body.events) - accepted}
