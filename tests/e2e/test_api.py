"""Every route of the API as a black box, driven by its own OpenAPI document.

Wrong tokens, unknown fields, other people's ids, other methods, bodies that are none.
The answers are checked against the document too.
"""

import importlib
import json
import sys
import time

import jsonschema
import pytest
import requests
from openapi_spec_validator import validate

from ops import paths
from tests.stack import ApiError

API = "/wx/api/v1"
PROBLEM = "application/problem+json"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ABSENT = 2**31 - 2


def operations(document):
    """``[(verb, path, operation)]``"""
    return [
        (verb.upper(), path, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    ]


def _filled(path, value=1):
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, str(value))
    return path


def _call(shop, verb, path, token=None, **options):
    headers = {"Idempotency-Key": "e2e-00000000", **options.pop("headers", {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return requests.request(
        verb, shop.api_url + API + path, headers=headers, timeout=30, **options
    )


def _assert_problem(answer, status, code=None):
    """RFC 9457, and nothing that tells of the inside."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == PROBLEM
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    problem = answer.json()
    assert problem["status"] == status and problem["title"] and problem["type"]
    if code:
        assert problem["code"] == code, problem
    for word in ("Traceback", "psycopg", "SELECT ", "odoo.", "-packages/", "wx_user"):
        assert word not in answer.text
    return problem


def test_document_is_valid(document):
    """A public validator of OpenAPI 3.1 accepts it; every route says how it fails."""
    validate(document)
    assert document["openapi"].startswith("3.1")
    names = [op["operationId"] for _v, _p, op in operations(document)]
    assert len(names) == len(set(names)) >= 25
    for verb, path, operation in operations(document):
        if operation.get("security"):
            assert "401" in operation["responses"], f"{verb} {path}"
        if any(p["in"] == "path" for p in operation.get("parameters", ())):
            assert "404" in operation["responses"], f"{verb} {path}"
        assert operation["summary"] and operation["tags"], f"{verb} {path}"


def test_cached_document(shop):
    """An ETag spares reading it again."""
    first = requests.get(f"{shop.api_url}{API}/openapi.json", timeout=30)
    again = requests.get(
        f"{shop.api_url}{API}/openapi.json",
        headers={"If-None-Match": first.headers["ETag"]},
        timeout=30,
    )
    assert (again.status_code, again.content) == (304, b"")


def _spoilt_tokens(token):
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    yield "", "auth.required"
    yield "x", "auth.invalid"
    yield token[:-1], "auth.invalid"
    yield token + "A", "auth.invalid"
    yield token[:middle] + other + token[middle + 1 :], "auth.invalid"
    yield ("B" if token[0] == "A" else "A") + token[1:], "auth.invalid"
    yield token[::-1], "auth.invalid"
    yield "A" * len(token), "auth.invalid"
    yield "é" * 32, "auth.invalid"


def test_no_token_or_a_wrong_one(shop, buyer, document):
    """401 on every route that needs a token, before anything else is looked at."""
    secured = [row for row in operations(document) if row[2].get("security")]
    assert len(secured) >= 20
    for verb, path, _operation in secured:
        answer = _call(shop, verb, _filled(path))
        _assert_problem(answer, 401, "auth.required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        forged = buyer.api.access_token[:-2] + "zz"
        _assert_problem(_call(shop, verb, _filled(path), forged), 401, "auth.invalid")


def test_forged_tokens(shop, buyer):
    """One changed character anywhere, another length, other alphabets."""
    for token, code in _spoilt_tokens(buyer.api.access_token):
        answer = requests.get(
            f"{shop.api_url}{API}/me",
            headers={"Authorization": f"Bearer {token}".encode()},
            timeout=30,
        )
        _assert_problem(answer, 401, code)
    for header in ("", "Basic YWRtaW46YWRtaW4=", buyer.api.access_token, "Bearer"):
        answer = requests.get(
            f"{shop.api_url}{API}/me", headers={"Authorization": header}, timeout=30
        )
        _assert_problem(answer, 401)


def _made_a_minute_ago(session: int, life: int) -> str:
    """A genuine token of the past: the shop's own key file and token code (nobody
    waits here until one expires)."""
    folder = str(paths.ADDONS / "wx_base")
    sys.path.append(folder)
    try:
        tokens = importlib.import_module("tokens")
        ring = importlib.import_module("wxcrypto").KeyRing.load(paths.KEYS / "wx_keys")
    finally:
        sys.path.remove(folder)
    return tokens.make(ring, session, life, time.time() - 61)[0]


def test_expired_token_is_renewed(shop, buyer):
    """An expired access token says so; the refresh token brings new ones."""
    session = buyer.api.refresh_token.split(".")[0]
    expired = _made_a_minute_ago(int(session), 60)
    _assert_problem(_call(shop, "GET", "/me", expired), 401, "auth.expired")
    refresh = buyer.api.refresh_token
    buyer.api.access_token = expired
    assert buyer.api.get_me()["id"]  # the client renews by itself
    assert buyer.api.access_token != expired
    assert buyer.api.refresh_token != refresh


def test_refresh(shop, buyer):
    """New tokens for a refresh token; a made-up one is refused."""
    old = buyer.api.refresh_token
    buyer.api.refresh_session({"refresh_token": old})
    assert buyer.api.refresh_token != old and buyer.api.get_me()["id"]
    session = old.split(".")[0]
    for made_up in (f"{session}.{'A' * 43}", "1." + "A" * 43, "x", ".", "9" * 60):
        with pytest.raises(ApiError) as refused:
            shop.client().refresh_session({"refresh_token": made_up})
        assert (refused.value.status, refused.value.code) in (
            (401, "auth.invalid"),
            (422, "request.invalid"),
        )
    assert buyer.api.get_me()["id"]


def test_logged_out(shop, buyer):
    """After logging out neither token is good for anything."""
    access, refresh = buyer.api.access_token, buyer.api.refresh_token
    buyer.api.logout()
    _assert_problem(_call(shop, "GET", "/me", access), 401)
    with pytest.raises(ApiError) as refused:
        shop.client().refresh_session({"refresh_token": refresh})
    assert refused.value.status == 401


def test_a_web_session_is_no_token(shop):
    """Being logged in at the back office opens nothing here."""
    office = shop.office("admin")
    answer = office._opener.open  # the session's own cookie jar
    request = f"{shop.office_url}{API}/me"
    try:
        answer(request, timeout=30)
    except OSError as exc:
        assert exc.code == 401
    else:
        pytest.fail("a staff cookie reads a shopper's profile")


def test_unknown_fields(shop, buyer, document):
    """422 that names the field, on every route, in bodies and queries."""
    token = buyer.api.access_token
    bodies = queries = 0
    for verb, path, operation in operations(document):
        if verb != "GET":
            answer = _call(shop, verb, _filled(path), token, json={"is_admin": True})
            if "requestBody" in operation:
                problem = _assert_problem(answer, 422, "request.invalid")
                fields = {error["field"] for error in problem["errors"]}
                assert "body.is_admin" in fields, (verb, path, fields)
                bodies += 1
            else:
                assert answer.status_code in (404, 422), (verb, path, answer.text)
        answer = _call(shop, verb, _filled(path) + "?debug=1", token, json=None)
        problem = _assert_problem(answer, 422, "request.invalid")
        assert {"query.debug"} <= {error["field"] for error in problem["errors"]}
        queries += 1
    assert bodies >= 8 and queries >= 25


def test_bodies_that_are_none(shop, buyer, document):
    """Not JSON, a list, deep nesting, another media type, too large, NUL."""
    token = buyer.api.access_token
    posts = [
        (verb, path)
        for verb, path, operation in operations(document)
        if "requestBody" in operation
    ]
    for verb, path in posts:
        path = _filled(path)
        head = {"Content-Type": "application/json"}
        for raw in (b"{", b"[1]", b'"x"', b"null", b"\xff\xfe", b"[" * 5000, b"1e999"):
            answer = _call(shop, verb, path, token, data=raw, headers=head)
            _assert_problem(answer, 422, "request.invalid")
        answer = _call(shop, verb, path, token, data="a=1", headers={})
        _assert_problem(answer, 415, "request.media_type")
        large = json.dumps({"x": "y" * 200_000}).encode()
        answer = _call(shop, verb, path, token, data=large, headers=head)
        assert answer.status_code in (413, 422), answer.text
        answer = _call(shop, verb, path, token, data=b'{"a":"\\u0000"}', headers=head)
        _assert_problem(answer, 422, "request.invalid")


def test_other_methods(shop, buyer, document):
    """405 with Allow, as a problem document, for each path."""
    token = buyer.api.access_token
    for path, item in document["paths"].items():
        allowed = {verb.upper() for verb in item}
        for verb in set(METHODS) - allowed:
            answer = _call(shop, verb, _filled(path), token)
            _assert_problem(answer, 405, "request.method")
            assert allowed <= {
                name.strip() for name in answer.headers["Allow"].split(",")
            }


def test_unknown_addresses(shop, buyer):
    token = buyer.api.access_token
    for path in (
        "/",
        "/admin",
        "/orders/x",
        "/orders/-1",
        "/orders/0",
    ):
        answer = _call(shop, "GET", path, token)
        _assert_problem(answer, 404, "resource.not_found")
    for number in (ABSENT, 2**31, 2**63, 10**30):
        answer = _call(shop, "GET", f"/orders/{number}", token)
        _assert_problem(answer, 404, "resource.not_found")


@pytest.fixture(scope="module")
def mine(shop):
    """Somebody with one of everything: ``(buyer, {path parameter: id})``."""
    owner = shop.buyer()
    sku = shop.sku(5)
    order = owner.place(sku)
    cart = owner.api.add_cart_item({"sku_id": sku, "qty": 1})
    return owner, {
        "{order_id}": order["id"],
        "{address_id}": owner.address_id,
        "{item_id}": cart["items"][0]["id"],
    }


def test_ids_of_others(shop, buyer, mine, document):
    """Another shopper's id answers exactly like one that does not exist."""
    owner, ids = mine
    tried = 0
    for verb, path, operation in operations(document):
        names = [part for part in path.split("/") if part in ids]
        if not names:
            continue
        [name] = names
        body = _example(operation, document)
        foreign, absent = (
            _call(
                shop,
                verb,
                path.replace(name, str(value)),
                buyer.api.access_token,
                json=body,
            )
            for value in (ids[name], ABSENT)
        )
        _assert_problem(foreign, 404, "resource.not_found")
        assert foreign.json() == absent.json(), (verb, path)
        tried += 1
    assert tried >= 7
    assert owner.api.get_order(ids["{order_id}"])["state"] == "unpaid"
    assert owner.api.get_address(ids["{address_id}"])["phone"] == "13800138000"
    assert owner.api.get_cart()["items"][0]["qty"] == 1


def _example(operation, document):
    """The smallest valid body of an operation: what its schema requires."""
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = _resolved(schema, document)
    values = {"qty": 2, "name": "李"}
    wanted = schema.get("required") or list(schema["properties"])[:1]
    return {
        name: values.get(name) or _sample(schema["properties"][name], document)
        for name in wanted
    }


def _sample(schema, document):
    """A value that fits a schema."""
    schema = _resolved(schema, document)
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], document)
    if "enum" in schema or "const" in schema:
        return schema.get("const") or schema["enum"][0]
    kind = schema.get("type")
    if kind == "array":
        count = schema.get("minItems", 0)
        return [_sample(schema["items"], document) for _number in range(count)]
    if kind == "object":
        return {
            name: _sample(schema["properties"][name], document)
            for name in schema.get("required", ())
        }
    if kind == "string":
        return "1" * max(schema.get("minLength", 0), 8)
    return 1


def _resolved(schema, document):
    if "$ref" not in schema:
        return schema
    found = document
    for part in schema["$ref"].lstrip("#/").split("/"):
        found = found[part]
    return found


def test_answers_match_the_document(shop, mine, document):
    """What the routes answer is what their schemas promise."""
    owner, ids = mine
    checked = 0
    listing = owner.api.list_listings(limit=1)["items"][0]["id"]
    known = {**ids, "{listing_id}": listing}
    for verb, path, operation in operations(document):
        if verb != "GET" or path.endswith("openapi.json"):
            continue
        target = path
        for name, value in known.items():
            target = target.replace(name, str(value))
        if "{" in target:
            continue
        answer = _call(shop, "GET", target, owner.api.access_token)
        if answer.status_code == 409:  # the order of this test is not paid
            codes = operation["responses"]["409"]["x-codes"]
            assert answer.json()["code"] in codes, (target, answer.text)
            continue
        assert answer.status_code == 200, (target, answer.text)
        content = operation["responses"]["200"].get("content", {})
        if "application/json" not in content:
            continue
        schema = {
            **content["application/json"]["schema"],
            "components": document["components"],
        }
        jsonschema.Draft202012Validator(schema).validate(answer.json())
        checked += 1
    assert checked >= 10


def test_pages(shop, buyer):
    """Limits hold, cursors walk through everything once, a made-up one is refused."""
    seen, cursor = [], None
    for _page in range(200):
        page = buyer.api.list_listings(limit=7, cursor=cursor)
        assert len(page["items"]) <= 7
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 40
    for query in ({"limit": 0}, {"limit": 51}, {"limit": -1}, {"limit": "x"}):
        with pytest.raises(ApiError) as refused:
            buyer.api.list_listings(**query)
        assert refused.value.code == "request.invalid"
    for bad in ("x", "%00", "A" * 500, "eyJhIjoxfQ"):
        with pytest.raises(ApiError) as refused:
            buyer.api.list_listings(cursor=bad)
        assert refused.value.status in (404, 422)
    with pytest.raises(ApiError) as refused:
        buyer.api.list_listings(category_id=ABSENT)
    assert refused.value.status == 404


def test_catalogue_etag(shop, buyer):
    """304 while nothing changes; a new price makes a new tag."""
    url = f"{shop.api_url}{API}/listings?limit=5"
    head = {"Authorization": f"Bearer {buyer.api.access_token}"}
    first = requests.get(url, headers=head, timeout=30)
    again = requests.get(
        url, headers={**head, "If-None-Match": first.headers["ETag"]}, timeout=30
    )
    assert (again.status_code, again.content) == (304, b"")


def test_log_in(shop):
    """Codes that are none, other apps, unknown apps: clear codes, no account made."""
    api, before = shop.client(), shop.value("SELECT count(*) FROM wx_user")
    for body, status in (
        ({"appid": shop.appid, "code": "nonsense-code"}, 401),
        ({"appid": "wx" + "0" * 16, "code": "x" * 32}, 404),
        ({"appid": shop.appid}, 422),
        ({"appid": shop.appid, "code": ""}, 422),
        ({"appid": shop.appid, "code": "x" * 5000}, 422),
        ({"appid": shop.appid, "code": 7}, 422),
    ):
        with pytest.raises(ApiError) as refused:
            api.login(body)
        assert refused.value.status == status, body
    assert shop.value("SELECT count(*) FROM wx_user") == before


def test_profile(shop, buyer):
    """A shopper changes their own name, nothing else."""
    assert buyer.api.update_me({"nickname": "山里人"})["nickname"] == "山里人"
    for field, value in (
        ("id", 1),
        ("openid", "o-x"),
        ("phone", "13900000000"),
        ("blocked", False),
        ("partner_id", 3),
        ("company_id", 1),
    ):
        with pytest.raises(ApiError) as refused:
            buyer.api.update_me({field: value})
        assert refused.value.code == "request.invalid"
