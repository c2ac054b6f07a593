"""The ownership test, generated from the route table.

A module subclasses it and says how to make one thing of each kind::

    class TestOwnership(WxOwnershipMixin, WxApiCase):
        wx_module = "wx_mall"

        def wx_factories(self):
            return {
                "address_id": self.make_address,   # f(user) -> id
                "sku": lambda user: self.make_sku(user.app_id),
            }

Keys are path parameters (``/addresses/<int:address_id>``) and the kinds of
``owned_id("sku", "app")`` fields in bodies and queries. Every route is then called with
ids of another shopper, another mini-program and another company; a route whose
parameter has no factory fails the test, so none can be forgotten.
"""

import copy
import re
from itertools import pairwise
from urllib.parse import urlencode

from odoo.addons.wx_base import openapi
from odoo.addons.wx_base.http import installed_routes

_PARAM = re.compile(r"<(?:[a-z_]+(?:\([^)]*\))?:)?(\w+)>")
ABSENT = 2**31 - 2
"""An id that no table has reached."""


class WxOwnershipMixin:
    """Mix in before :class:`WxApiCase`."""

    wx_module = None
    """Name of the addon whose routes are tested."""

    def wx_factories(self) -> dict:
        """``{parameter or kind: f(user) -> id}``; a fresh thing at each call."""
        raise NotImplementedError

    def wx_examples(self) -> dict:
        """``{operation_id: {field: value}}`` where the schema alone does not tell."""
        return {}

    def wx_routes(self) -> list:
        """The routes under test."""
        return [
            spec
            for spec in installed_routes(self.env)
            if spec.module == self.wx_module and spec.auth == "wx"
        ]

    def wx_company(self):
        """The other company; extend it with what the factories need there."""
        return self.env["res.company"].create({"name": "Ownership test company"})

    def wx_actors(self) -> dict:
        """``{role: (user, token)}``: owner, neighbour, other_app, other_company."""
        env = self.env
        company = self.wx_company()
        first = self.make_app("Owner's app")
        apps = {
            "owner": first,
            "neighbour": first,
            "other_app": self.make_app("Other app"),
            "other_company": self.make_app("Other company", company_id=company.id),
        }
        actors = {}
        for role, app in apps.items():
            user, _new = env["wx.user"]._upsert(app, f"o-{role}")
            issued = env["wx.session"]._open(user.id, app.id, app.company_id.id)
            actors[role] = user, issued["access_token"]
        return actors

    # ------------------------------------------------------------------- test
    def test_ids_of_others_are_refused(self):
        """Every route, every foreign id: exactly the answer for an absent id."""
        self._wx_actors = self.wx_actors()
        self._wx_make = self.wx_factories()
        checked = 0
        for spec in self.wx_routes():
            with self.subTest(operation=spec.operation_id):
                checked += self._check_path(spec)
                checked += self._check_fields(spec, "body")
                checked += self._check_fields(spec, "query")
        self.assertTrue(checked, "no route takes an id: is wx_module right?")

    def _foreigners(self, scope):
        return {
            "user": ("neighbour", "other_app", "other_company"),
            "app": ("other_app", "other_company"),
            "public": (),
        }[scope]

    def _made(self, name, user):
        self.assertIn(
            name, self._wx_make, f"wx_factories() has no {name!r}: whose is it?"
        )
        made = self._wx_make[name](user)
        self.env.flush_all()
        return made

    # ------------------------------------------------------------------- path
    def _check_path(self, spec) -> int:
        if not spec.path_args or spec.scope == "public":
            return 0
        owner, owner_token = self._wx_actors["owner"]
        answers = 0
        for role in self._foreigners(spec.scope):
            user, token = self._wx_actors[role]
            ids = {name: self._made(name, owner) for name in spec.path_args}
            foreign = self._call(spec, token, ids, user)
            absent = self._call(
                spec, token, dict.fromkeys(spec.path_args, ABSENT), user
            )
            self.assertProblem(foreign, 404, "resource.not_found")
            self.assertEqual(foreign.json(), absent.json(), "tells absent and foreign")
            answers += 1
        # Without this a route that is broken for everybody would pass.
        ids = {name: self._made(name, owner) for name in spec.path_args}
        own = self._call(spec, owner_token, ids, owner)
        self.assertNotIn(own.status_code, (404, 405, 500), own.text)
        return answers

    # --------------------------------------------------------- bodies, queries
    def _check_fields(self, spec, where) -> int:
        schema = getattr(spec, where)
        if schema is None:
            return 0
        owner, _token = self._wx_actors["owner"]
        answers = 0
        for path, kind, scope in openapi.owned_fields(schema):
            for role in self._foreigners(scope):
                user, token = self._wx_actors[role]
                data = self._data(spec, where, user)
                _put(data, path, self._made(kind, owner))
                ids = {name: self._made(name, user) for name in spec.path_args}
                answer = self._call(spec, token, ids, user, **{where: data})
                self.assertIn(
                    answer.status_code,
                    (404, 409, 422),
                    f"{role} used {kind} of the owner: {answer.text}",
                )
                self.assertNotEqual(
                    answer.json().get("code"), "request.invalid", "made-up body"
                )
                answers += 1
        return answers

    def _data(self, spec, where, user):
        """A valid body or query of ``user``, every owned id being their own."""
        schema = getattr(spec, where)
        known = self.wx_examples().get(spec.operation_id, {})
        data = copy.deepcopy(openapi.example(schema, **known))
        for path, kind, _scope in openapi.owned_fields(schema):
            if _has(data, path):
                _put(data, path, self._made(kind, user))
        return data

    def _call(self, spec, token, ids, user, body=None, query=None):
        path = _PARAM.sub(lambda match: str(ids[match[1]]), spec.path)
        if spec.query is not None:
            query = query or self._data(spec, "query", user)
            path += f"?{urlencode(query)}" if query else ""
        if spec.body is not None and body is None:
            body = self._data(spec, "body", user)
        key = True if spec.idempotent else None
        return self.api(spec.methods[0], path, token=token, json=body, key=key)


def _has(data, path) -> bool:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _put(data, path, value):
    """Set ``value`` at ``path``, making the objects and lists on the way."""
    for part, following in pairwise(path):
        empty = [] if following == 0 else {}
        if isinstance(data, list):
            if not data:
                data.append(empty)
            data = data[0]
        else:
            if data.get(part) is None:
                data[part] = empty
            data = data[part]
    if isinstance(data, list):
        data[:] = [value]
    else:
        data[path[-1]] = value
