"""Routing and dispatch; how to plug a part into the simulator.

**Routes.** A module registers handlers at import time; the part's
``__init__`` imports its route modules, ``server.py`` imports the parts::

    from ..core.app import area, route
    from ..core.messages import Response, json_response

    @area("mp", latency=True)
    def around(sim, request, call, fault):
        # fault: None or a dict of kind system_error / sign_error / …
        try:
            return call()
        except MpError as error:
            return json_response(error.document())

    @route("GET", "/sns/jscode2session", area="mp")
    def jscode2session(sim, request):
        return json_response({...})

    @route("POST", "/_ctl/users/{uid}/login_code", area="control")
    def login_code(sim, request, uid): ...

Placeholders match one path segment and arrive percent-decoded, as strings.
Areas: ``pay`` and ``mp`` have the latency setting and request faults;
``control`` (errors: raise ``wxsim.control.ControlError(message, status)``) and
``web`` have neither. ``request.json()``, ``.query``, ``.headers``, ``.body``:
``core/messages.py``.

**Store.** ``sim.store.write()`` / ``sim.store.read()`` as context managers give
a ``sqlite3`` connection (rows by name). Keep write transactions short, never
sleep or call out inside one. A part's tables: ``register_schema(Path)`` from
``core/store.py``. ``sim.store.get_value / set_value`` keep single JSON values.

**Clock.** ``sim.clock.now()`` business time, ``sim.clock.real()`` transport time,
unix seconds both; ``to_iso``, ``to_local``, ``to_day``, ``from_iso``, ``day_start`` in
``core/clock.py``.

**Ids.** ``sim.ids.text/digits/hex/uuid/number(db, kind, …)`` inside a write
transaction. Apps, users, openids: ``core/identity.py``.

**Settings.** ``declare(name, default, …)`` and ``declare_unsure(name, choices, why)``
from ``core/settings.py`` at import; ``sim.settings.get(name)``,
``sim.settings.unsure(name)``.

**Delivery queue.** ``register_channel(Channel(name, ladder, build, accepted,
timeout))`` once, then inside a write transaction
``sim.delivery.enqueue(db, channel, url, payload, kind=…, appid=…)``: it is sent
after commit, retried along the ladder, kept over a restart. ``build(sim,
delivery)`` makes a fresh ``Outgoing(method, url, headers, body)`` for each attempt.
See ``core/delivery.py``.

**Ticker.** ``@on_tick`` (``core/ticker.py``): ``call(sim)`` a few times a second and
after each move of the clock, for what becomes due by itself.

**Reset.** ``on_reset(function)``: called with ``sim`` after the database was wiped.
"""

import logging
import re
import time
from urllib.parse import quote, unquote

from .faults import REQUEST_KINDS
from .messages import BadJson, html_response, json_response

_logger = logging.getLogger(__name__)
_ROUTES = []
_AREAS = {}
_RESET_HOOKS = []
_HOLD = 30.0
_SLOW = 3.0


class DropConnection(Exception):
    """Close the connection without an answer."""


class Route:
    """One method and path pattern with its handler."""

    def __init__(self, method, pattern, area_name, handler):
        self.method = method
        self.pattern = pattern
        self.area = area_name
        self.handler = handler
        self.static = "{" not in pattern
        expression = re.sub(
            r"\\{(\w+)\\}", lambda m: f"(?P<{m.group(1)}>[^/]+)", re.escape(pattern)
        )
        self.regex = re.compile(expression)


def route(method, pattern, area):
    """Decorator: register ``handler(sim, request, **placeholders)``."""

    def register(handler):
        _ROUTES.append(Route(method, pattern, area, handler))
        return handler

    return register


def area(name, latency=False):
    """Decorator: register ``wrapper(sim, request, call, fault)`` of an area.

    ``latency``: the area has the latency setting and can be hit by faults.
    """

    def register(wrapper):
        _AREAS[name] = (wrapper, latency)
        return wrapper

    return register


def on_reset(call):
    """Register ``call(sim)`` to be run after a reset."""
    _RESET_HOOKS.append(call)
    return call


def run_reset_hooks(sim):
    """Called by the simulator once the database is empty."""
    for call in _RESET_HOOKS:
        call(sim)


class App:
    """Finds the route of a request and answers it."""

    def __init__(self, sim):
        self.sim = sim
        self._static = {}
        self._dynamic = []
        for entry in _ROUTES:
            if entry.static:
                self._static[(entry.method, entry.pattern)] = entry
            else:
                self._dynamic.append(entry)

    def find(self, method, raw_path):
        """``(route, params, allowed)``: allowed lists methods of the path."""
        entry = self._static.get((method, unquote(raw_path)))
        if entry:
            return entry, {}, ()
        allowed = [m for (m, path) in self._static if path == unquote(raw_path)]
        for entry in self._dynamic:
            match = entry.regex.fullmatch(raw_path)
            if match and entry.method == method:
                params = {k: unquote(v) for k, v in match.groupdict().items()}
                return entry, params, ()
            if match:
                allowed.append(entry.method)
        return None, {}, allowed

    def handle(self, request):
        """Answer one request; raises ``DropConnection`` when a fault says so."""
        started = time.time()
        response = None
        try:
            response = self._answer(request)
            return response
        finally:
            if not request.path.startswith("/_ctl/"):
                self.sim.log.add(request, response, started, time.time() - started)

    def _answer(self, request):
        entry, params, allowed = self.find(request.method, request.raw_path)
        request.params = params
        name = entry.area if entry else self._area_of(request.path)
        wrapper, latency = _AREAS.get(name, (None, False))

        def call():
            if entry is None:
                raise NotRouted(request, allowed)
            return entry.handler(self.sim, request, **params)

        fault = None
        if latency:
            self._sleep(self.sim.settings.get("latency"))
            fault = self.sim.faults.take(
                REQUEST_KINDS, request.facts(), request.method, request.raw_path
            )
        kind = fault["kind"] if fault else None
        if kind == "http_5xx":
            return html_response("<html><h1>502 Bad Gateway</h1></html>", 502)
        if kind == "slow":
            self._sleep(fault["seconds"] or _SLOW)
        response = self._guard(wrapper, request, call, fault)
        if kind == "timeout":
            self._sleep(fault["seconds"] or _HOLD)
        if kind in ("timeout", "drop"):
            raise DropConnection(kind)
        return response

    def _guard(self, wrapper, request, call, fault):
        try:
            if wrapper:
                return wrapper(self.sim, request, call, fault)
            return call()
        except NotRouted as error:
            status = 405 if error.allowed else 404
            headers = [("Allow", ", ".join(sorted(set(error.allowed))))]
            return json_response(
                {"error": "no such path"}, status, headers if error.allowed else ()
            )
        except BadJson as error:
            return json_response({"error": f"bad JSON: {error}"}, 400)
        except Exception:
            _logger.exception("error in %s %s", request.method, request.path)
            return json_response({"error": "internal error of the simulator"}, 500)

    @staticmethod
    def _area_of(path):
        if path.startswith("/v3/"):
            return "pay"
        if path.startswith(("/cgi-bin/", "/sns/", "/wxa/", "/wxaapi/")):
            return "mp"
        return "control" if path.startswith("/_ctl/") else "web"

    def _sleep(self, seconds):
        # An event, so that stopping the simulator ends every pending sleep.
        if seconds > 0:
            self.sim.stopping.wait(seconds)


class NotRouted(Exception):
    """No handler for this path, or none for this method."""

    def __init__(self, request, allowed):
        super().__init__(f"{request.method} {quote(request.path)}")
        self.allowed = list(allowed)
