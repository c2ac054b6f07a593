"""The control API under ``/_ctl/``: one module per area.

A handler answers with ``json_response`` and raises ``ControlError`` for a bad
request. Helpers: ``body_of(request, allowed)`` for a checked JSON object.
"""

import importlib
import importlib.util

from ..core.app import NotRouted, area
from ..core.messages import BadJson, json_response
from ..core.settings import BadSetting


class ControlError(Exception):
    """A bad control request; ``status`` 4xx."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


@area("control")
def around_control(sim, request, call, fault):
    """Errors of control handlers as ``{"error": …}``."""
    try:
        return call()
    except ControlError as error:
        return json_response({"error": str(error)}, error.status)
    except (BadSetting, BadJson) as error:
        return json_response({"error": str(error)}, 400)
    except NotRouted as error:
        return json_response({"error": "no such path"}, 405 if error.allowed else 404)


def body_of(request, allowed):
    """The request's JSON object; names outside ``allowed`` are an error."""
    body = request.json()
    if not isinstance(body, dict):
        raise ControlError("a JSON object is needed")
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        raise ControlError(f"unknown field {', '.join(unknown)}")
    return body


for _name in (
    "core_control",
    "pay_control",
    "notify_control",
    "mp_control",
    "combined_control",
    "express_control",
):
    # The parts are written and shipped separately; what is there is loaded.
    if importlib.util.find_spec(f"{__name__}.{_name}") is not None:
        importlib.import_module(f"{__name__}.{_name}")
