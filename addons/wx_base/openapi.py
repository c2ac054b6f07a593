"""The OpenAPI 3.1 document of the declared routes; pure Python, no odoo."""

import re

from pydantic import BaseModel, TypeAdapter

from .schemas.base import Problem

REF = "#/components/schemas/{model}"
_PARAM = re.compile(r"<(?:[a-z_]+(?:\([^)]*\))?:)?(\w+)>")
_CONVERTERS = {
    "int": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "string": {"type": "string", "maxLength": 200},
}
_COMMON = {
    "auth": [(401, "auth.required"), (401, "auth.invalid"), (401, "auth.expired")],
    "schema": [(422, "request.invalid")],
    "path": [(404, "resource.not_found")],
    "key": [(409, "idempotency.conflict"), (409, "idempotency.in_progress")],
}
DESCRIPTION = """\
Money is integer fen. Times are ISO 8601 with offset. Success is the bare object or
`{items, next_cursor}`; errors are RFC 9457 problem details whose `code` is stable.
Unknown keys of a body or a query are refused. Creating requests need an
`Idempotency-Key` (8 to 64 characters, remembered for 24 hours): the same key with the
same body repeats the stored answer, with another body it is refused.
"""


def build(specs, version, base="/wx/api/v1") -> dict:
    """The document of ``specs`` (``http.RouteSpec`` or alike).

    :param version: shown as ``info.version``
    :param base: common prefix of the paths
    """
    schemas, components = _schemas(specs)
    paths = {}
    for spec in specs:
        path = _PARAM.sub(r"{\1}", spec.path)
        for method in spec.methods:
            operation = _operation(spec, schemas, components, len(spec.methods) > 1)
            paths.setdefault(path, {})[method.lower()] = operation
    tags = sorted({tag for spec in specs for tag in spec.tags})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "WeChat mall API",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "LGPL-3.0", "identifier": "LGPL-3.0-only"},
        },
        "servers": [{"url": base}],
        "tags": [{"name": tag} for tag in tags],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Access token of POST /sessions",
                }
            },
        },
    }


def _schemas(specs):
    """``{(type, mode): schema}`` of all types used, and the shared components."""
    wanted = {("validation", Problem): TypeAdapter(Problem)}
    for spec in specs:
        for mode, kind in (
            ("validation", spec.body),
            ("validation", spec.query),
            ("serialization", spec.returns),
        ):
            if kind is not None:
                wanted[mode, kind] = TypeAdapter(kind)
    inputs = [(key, key[0], adapter) for key, adapter in wanted.items()]
    found, document = TypeAdapter.json_schemas(inputs, ref_template=REF)
    schemas = {key: schema for (key, _mode), schema in found.items()}
    components = document.get("$defs", {})
    _drop_null_defaults([components, schemas])
    return schemas, dict(sorted(components.items()))


def _drop_null_defaults(node):
    """``name: ShortText = None`` means "may be left out": null is no valid value there,
    so it must not be shown as the default either."""
    if isinstance(node, dict):
        if node.get("default", 0) is None and "anyOf" not in node:
            del node["default"]
        for child in node.values():
            _drop_null_defaults(child)
    elif isinstance(node, list):
        for child in node:
            _drop_null_defaults(child)


def _operation(spec, schemas, components, several) -> dict:
    operation = {"operationId": spec.operation_id}
    if several:
        raise ValueError(f"{spec.path}: one operation has one method")
    if spec.tags:
        operation["tags"] = list(spec.tags)
    if spec.summary:
        operation["summary"] = spec.summary
    if spec.description:
        operation["description"] = re.sub(r"\s+", " ", spec.description)
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": dict(_CONVERTERS.get(kind, _CONVERTERS["string"])),
        }
        for name, kind in spec.path_args.items()
    ]
    if spec.query is not None:
        parameters += _query_parameters(schemas["validation", spec.query], components)
    if spec.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {
                    "type": "string",
                    "pattern": "^[A-Za-z0-9_.:-]{8,64}$",
                },
            }
        )
    if parameters:
        operation["parameters"] = parameters
    if spec.body is not None:
        schema = schemas["validation", spec.body]
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    operation["security"] = [{"bearer": []}] if spec.auth == "wx" else []
    operation["responses"] = _responses(spec, schemas)
    return operation


def _resolve(schema, components):
    while "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _query_parameters(schema, components) -> list:
    schema = _resolve(schema, components)
    required = schema.get("required", [])
    parameters = []
    for name, prop in schema.get("properties", {}).items():
        prop = dict(prop)
        parameter = {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": prop,
        }
        if description := prop.pop("description", None):
            parameter["description"] = description
        parameters.append(parameter)
    return parameters


def errors_of(spec) -> dict:
    """``{status: [codes]}`` that the route may answer."""
    pairs = list(spec.errors)
    if spec.auth == "wx":
        pairs += [*_COMMON["auth"], (403, "user.blocked")]
    if spec.body is not None or spec.query is not None or spec.idempotent:
        pairs += _COMMON["schema"]
    if spec.path_args:
        pairs += _COMMON["path"]
    if spec.idempotent:
        pairs += _COMMON["key"]
    found = {}
    for status, code in pairs:
        codes = found.setdefault(status, [])
        if code not in codes:
            codes.append(code)
    return dict(sorted(found.items()))


def _responses(spec, schemas) -> dict:
    responses = {}
    success = {"description": "Success"}
    if spec.returns is not None:
        schema = schemas["serialization", spec.returns]
        success["content"] = {"application/json": {"schema": schema}}
    elif spec.media:
        success["content"] = {spec.media: {}}  # bytes have no schema (OpenAPI 3.1)
    responses[str(spec.status)] = success
    problem = schemas["validation", Problem]
    for status, codes in errors_of(spec).items():
        responses[str(status)] = {
            "description": ", ".join(f"`{code}`" for code in codes),
            "content": {"application/problem+json": {"schema": problem}},
            "x-codes": codes,
        }
    return responses


def example(kind, **known):
    """A value that the ``WxIn`` class accepts, as plain JSON data.

    :param known: values of fields to use instead of made-up ones
    """
    schema = TypeAdapter(kind).json_schema()
    return _example(schema, schema.get("$defs", {}), known)


def _example(schema, defs, known=None):
    if "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[1]]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            options = [s for s in schema[key] if s.get("type") != "null"]
            return _example({**schema, **options[0], key: None}, defs)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    return _BY_TYPE.get(schema.get("type"), lambda *_args: None)(schema, defs, known)


def _object(schema, defs, known):
    known = known or {}
    required = schema.get("required", [])
    value = {
        name: known[name] if name in known else _example(prop, defs)
        for name, prop in schema.get("properties", {}).items()
        if name in required or name in known
    }
    return value


def _array(schema, defs, known):
    count = max(1, schema.get("minItems", 0))
    return [_example(schema.get("items", {}), defs) for _index in range(count)]


def _string(schema, defs, known):
    if schema.get("format") == "date-time":
        return "2026-01-01T08:00:00+08:00"
    if schema.get("format") == "date":
        return "2026-01-01"
    low = schema.get("minLength", 0)
    pattern = schema.get("pattern")
    candidates = ["a" * max(low, 1), "a" * max(low, 8), "13800138000", "page.view"]
    candidates += ["110101", "wx0123456789abcdef", "https://example.com/a.png"]
    for candidate in candidates:
        if pattern is None or re.search(pattern, candidate):
            return candidate[: schema.get("maxLength", 10**6)]
    raise ValueError(f"no example for the pattern {pattern}: give the field examples=")


_BY_TYPE = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": lambda schema, *_args: max(1, schema.get("minimum", 1)),
    "number": lambda schema, *_args: schema.get("minimum", 1),
    "boolean": lambda *_args: True,
}


def owned_fields(kind: type[BaseModel]):
    """``[(dotted path, owner kind, scope)]`` of ids that must belong to the caller."""
    schema = TypeAdapter(kind).json_schema()
    defs = schema.get("$defs", {})
    found = []

    def walk(node, path):
        if "$ref" in node:
            node = defs[node["$ref"].rsplit("/", 1)[1]]
        if "x-wx-owner" in node:
            found.append((path, node["x-wx-owner"], node.get("x-wx-scope", "user")))
        for option in (*node.get("anyOf", ()), *node.get("allOf", ())):
            walk(option, path)
        for name, prop in node.get("properties", {}).items():
            walk(prop, [*path, name])
        if isinstance(node.get("items"), dict):
            walk(node["items"], [*path, 0])

    walk(schema, [])
    return found
