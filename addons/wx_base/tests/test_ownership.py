"""The generated ownership test notices what it must notice."""

from types import SimpleNamespace

from odoo.tests import TransactionCase, tagged

from odoo.addons.wx_base import openapi, problems
from odoo.addons.wx_base.schemas.base import Quantity, ShortText, WxIn, owned_id

from .ownership import ABSENT, WxOwnershipMixin


class ThingIn(WxIn):
    name: ShortText
    sku_id: owned_id("sku", "app")
    lines: list["LineIn"]


class LineIn(WxIn):
    thing_id: owned_id("thing")
    quantity: Quantity


def _spec(method="GET", path="/things/<int:thing_id>", body=None, scope="user"):
    return SimpleNamespace(
        operation_id="thing",
        methods=(method,),
        path=path,
        path_args={"thing_id": "int"} if "thing_id" in path else {},
        scope=scope,
        body=body,
        query=None,
        idempotent=False,
    )


class FakeServer:
    """Things by owner; ``leak`` names what it forgets to check."""

    def __init__(self, leak=None):
        self.leak = leak
        self.things = {}

    def make(self, user):
        thing_id = len(self.things) + 1
        self.things[thing_id] = user
        return thing_id

    def _may(self, thing_id, caller, what):
        return self.leak == what or self.things.get(thing_id) == caller

    @staticmethod
    def _app(caller):
        return "first" if caller in ("owner", "neighbour") else caller

    def answer(self, path, caller, body):
        if body is not None:
            ids = [line["thing_id"] for line in body["lines"]]
            mine = self._app(self.things.get(body["sku_id"])) == self._app(caller)
            if mine and all(self._may(thing_id, caller, "body") for thing_id in ids):
                return self._response(201, {})
            return self._problem()
        thing_id = int(path.rsplit("/", 1)[1])
        foreign = thing_id in self.things and self.things[thing_id] != caller
        if self.leak == "existence" and foreign:
            return self._problem(detail="belongs to somebody else")
        if self.leak == "broken":
            return self._problem()
        if not self._may(thing_id, caller, "path"):
            return self._problem()
        return self._response(200, {"id": thing_id})

    def _response(self, status, data, kind="application/json"):
        return SimpleNamespace(
            status_code=status,
            json=lambda: data,
            text=str(data),
            headers={"Content-Type": kind},
        )

    def _problem(self, **extra):
        error = problems.not_found()
        data = {
            "title": error.title._source,
            "status": 404,
            "code": error.code,
            **extra,
        }
        return self._response(404, data, problems.PROBLEM_TYPE)


class Probe(WxOwnershipMixin):
    """The mixin against a fake server."""

    def __init__(self, case, server, routes):
        self.case, self.server, self.routes = case, server, routes
        self.env = SimpleNamespace(flush_all=lambda: None)

    def __getattr__(self, name):
        if name.startswith("assert") or name == "subTest":
            return getattr(self.case, name)
        raise AttributeError(name)

    def assertProblem(self, response, status, code):
        self.case.assertEqual(response.status_code, status)
        self.case.assertEqual(response.json()["code"], code)

    def wx_routes(self):
        return self.routes

    def wx_actors(self):
        roles = ("owner", "neighbour", "other_app", "other_company")
        return {role: (role, role) for role in roles}

    def wx_factories(self):
        make = self.server.make
        return {"thing_id": make, "thing": make, "sku": make}

    def api(self, method, path, token=None, json=None, key=None):
        return self.server.answer(path, token, json)


@tagged("post_install", "-at_install", "wx")
class TestOwnershipHelper(TransactionCase):
    def _run(self, leak=None, routes=None):
        probe = Probe(self, FakeServer(leak), routes or [_spec()])
        probe.subTest = lambda **_kw: self._plain()
        probe.test_ids_of_others_are_refused()

    def _plain(self):
        from contextlib import nullcontext

        return nullcontext()

    def test_clean_server_passes(self):
        self._run()
        self._run(routes=[_spec("POST", "/things", ThingIn)])

    def test_leaks_are_noticed(self):
        for leak in ("path", "existence", "broken"):
            with self.assertRaises(AssertionError, msg=leak):
                self._run(leak)
        with self.assertRaises(AssertionError):
            self._run("body", [_spec("POST", "/things", ThingIn)])

    def test_forgotten_factory_is_noticed(self):
        spec = _spec(path="/others/<int:other_id>")
        spec.path_args = {"other_id": "int"}
        with self.assertRaises(AssertionError):
            self._run(routes=[spec])

    def test_nothing_to_check_is_noticed(self):
        with self.assertRaises(AssertionError):
            self._run(routes=[_spec(path="/things")])

    def test_owned_fields_and_examples(self):
        found = openapi.owned_fields(ThingIn)
        self.assertEqual(
            found,
            [
                (["sku_id"], "sku", "app"),
                (["lines", 0, "thing_id"], "thing", "user"),
            ],
        )
        ThingIn.model_validate(openapi.example(ThingIn, name="x"))
        self.assertLess(ABSENT, 2**31)
