"""The OpenAPI 3.1 document and the list of error codes, both generated from what the routes declare.

python -m chalicelib.core.openapi > docs/openapi.json
python -m chalicelib.core.openapi errors > docs/errors.md
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.core import errors
from chalicelib.core.auth import RESOURCE_SERVER
from chalicelib.core.errors import AisleError
from chalicelib.core.http import OPERATIONS, PROBLEM_TYPE, Csv, Html, ListOf, Operation, status_of
from chalicelib.core.idempotency import KeyReused, Replay

Json = dict[str, Any]
_Refs = dict[Any, Json]

INTERNAL_ERROR = "internal_error"


def document(operations: Sequence[Operation]) -> Json:
    """The OpenAPI 3.1 document of `operations`. See spec.openapis.org/oas/v3.1.1."""
    refs, schemas = _schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs, schemas)
    scopes = sorted({scope for operation in operations for scope in operation.scopes})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aisle",
            "version": "1",
            "summary": "One catalogue, one stock, one customer and one order across every sales channel.",
            "description": _INTRODUCTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The deployed stage"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {
                **_security_schemes(scopes),
                **({"function": _SIGNATURE} if any(one.internal for one in operations) else {}),
                **{name: _token_scheme(name) for name in sorted({one.token for one in operations if one.token})},
            },
        },
    }


def to_json(what: Json) -> str:
    """The document as it is committed: one fact a line, so that changes can be read."""
    return json.dumps(what, indent=1, ensure_ascii=False)


_INTRODUCTION = """\
Money is integer minor units with an ISO 4217 currency, times are RFC 3339 UTC. Errors are RFC 9457 problem documents whose
`code` is stable. Commands take an `Idempotency-Key`, changes an `If-Match` with the ETag of the version that was read.
Lists are read with `limit` and `cursor`."""

_PROBLEM: Json = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457). Programs go by `code`; `errors` point into the request (RFC 6901).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "retryable", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "retryable": {"type": "boolean", "description": "Whether sending the same again can help."},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["/lines/0/quantity"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_PARAMETERS: Json = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "New for each intended effect; the same again within 24 hours gets the first answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": "01J9Z3K5T8XQ4V2N6B7C8D9E0F",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag of the version that is changed.",
        "schema": {"type": "string", "pattern": '^(W/)?"[0-9]{1,9}"$'},
        "example": '"3"',
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`wait=N` holds the answer up to N seconds until the work has settled (RFC 7240).",
        "schema": {"type": "string", "pattern": "^wait=[0-9]{1,2}$"},
        "example": "wait=10",
    },
    "CorrelationId": {
        "name": "X-Correlation-Id",
        "in": "header",
        "required": False,
        "description": "Follows the request through logs, events and workflows.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
    },
}

_HEADERS: Json = {
    "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}, "example": '"3"'},
    "Location": {"description": "Where to read it.", "schema": {"type": "string"}},
    "IdempotentReplayed": {
        "description": "`true` when this is the first answer to this Idempotency-Key, given again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RetryAfter": {"description": "Seconds to wait before trying again.", "schema": {"type": "string"}},
}


_SIGNATURE: Json = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "Signature Version 4 of a role that IAM lets in; for Aisle's own functions.",
}


def _security_schemes(scopes: Sequence[str]) -> Json:
    return {
        "user": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of the Cognito user pool; what its user may is decided by the user's groups.",
        },
        "machine": {
            "type": "oauth2",
            "description": "An access token of a machine client, by client credentials.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "https://your-domain.auth.eu-west-1.amazoncognito.com/oauth2/token",
                    "scopes": {f"{RESOURCE_SERVER}/{scope}": f"Use {scope}" for scope in scopes},
                }
            },
        },
    }


def _token_scheme(header: str) -> Json:
    return {"type": "apiKey", "in": "header", "name": header, "description": "Opens what it was given for."}


def _schemas(operations: Sequence[Operation]) -> tuple[_Refs, Json]:
    """References to the schemas of all bodies and answers, and the schemas themselves by name."""
    wanted: dict[tuple[type[BaseModel], Literal["validation", "serialization"]], None] = {}
    for operation in operations:
        for read in (operation.body, operation.query):
            if read is not None:
                wanted[read, "validation"] = None
        for shown in operation.answers.values():
            view = shown.view if isinstance(shown, ListOf) else shown
            if view is not None and not isinstance(view, Html | Csv):
                wanted[view, "serialization"] = None
    refs, definitions = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    return refs, dict(sorted(definitions["$defs"].items()))


def _operation(operation: Operation, refs: _Refs, schemas: Json) -> Json:
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": _security(operation),
        "parameters": list(_parameters(operation, refs, schemas)),
        "responses": {**_answers(operation, refs), **_problems(operation)},
    }
    if operation.body is not None:
        described["requestBody"] = _body(operation, operation.body, refs)
    return described


def _security(operation: Operation) -> list[Json]:
    token: Json = {operation.token: []} if operation.token is not None else {}
    if operation.internal:
        return [{"function": []}]
    if operation.public:
        return [token] if token else []
    machines = ({"machine": [f"{RESOURCE_SERVER}/{scope}"], **token} for scope in operation.scopes)
    return [{"user": [], **token}, *machines]


def _parameters(operation: Operation, refs: _Refs, schemas: Json) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if operation.query is not None:
        schema = schemas[refs[operation.query, "validation"]["$ref"].rpartition("/")[2]]
        for name, described in schema["properties"].items():
            required = name in schema.get("required", ())
            yield {"name": name, "in": "query", "required": required, "schema": _never_null(described)}
    if operation.idempotent:
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if operation.versioned:
        yield {"$ref": "#/components/parameters/IfMatch"}
    if {200, 202} <= operation.answers.keys():
        yield {"$ref": "#/components/parameters/Prefer"}
    yield {"$ref": "#/components/parameters/CorrelationId"}


def _never_null(schema: Json) -> Json:
    """A query parameter is left out rather than null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]}


def _body(operation: Operation, body: type[BaseModel], refs: _Refs) -> Json:
    # Where JSON is taken as well, that is what `body` describes, and the text is a file.
    told = "The file." if "application/json" in operation.body_types else f"Each row is a {body.__name__}."
    as_text = {"type": "string", "description": told}
    ref = refs[body, "validation"]
    content = {
        content_type: {"schema": ref if content_type == "application/json" else as_text}
        for content_type in operation.body_types
    }
    return {"required": True, "content": content}


def _answers(operation: Operation, refs: _Refs) -> Json:
    return {str(status): _answer(operation, status, refs) for status in sorted(operation.answers)}


def _answer(operation: Operation, status: int, refs: _Refs) -> Json:
    shown = operation.answers[status]
    if isinstance(shown, Html | Csv):
        type = "text/html" if isinstance(shown, Html) else "text/csv"
        return {"description": _MEANING[status], "content": {type: {"schema": {"type": "string"}}}}
    headers: Json = {}
    if not isinstance(shown, ListOf) and shown is not None and "version" in shown.model_fields:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if status in (201, 202):
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    if operation.idempotent:
        headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/IdempotentReplayed"}
    schema: Json = {"type": "object"}
    if isinstance(shown, ListOf):
        schema = {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": {"type": "array", "items": refs[shown.view, "serialization"]},
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "For `cursor`; null at the end of the list.",
                },
            },
        }
    elif shown is not None:
        schema = refs[shown, "serialization"]
    described: Json = {"description": _MEANING[status], "content": {"application/json": {"schema": schema}}}
    return {**described, "headers": headers} if headers else described


_MEANING = {200: "Done, or read.", 201: "Created.", 202: "Accepted; the work goes on.", 204: "Done."}


def errors_of(operation: Operation) -> list[type[AisleError]]:
    """Every error that a route may answer with: what its kind brings with it, and what it declares."""
    kinds: list[type[AisleError]] = [errors.Unavailable, errors.Throttled, *_of_callers(operation)]
    if operation.body or operation.query or operation.idempotent or operation.versioned:
        kinds.append(errors.Invalid)
    if operation.body:
        kinds += [errors.TooLarge, errors.UnsupportedMedia]
    if operation.method != "GET":
        kinds.append(errors.Contended)
    if operation.idempotent:
        kinds.append(KeyReused)
    if operation.versioned:
        kinds += [errors.Stale, errors.VersionRequired]
    if "{" in operation.path:
        kinds.append(errors.NotFound)
    return list(dict.fromkeys([*kinds, *operation.raises]))


def _of_callers(operation: Operation) -> list[type[AisleError]]:
    if not operation.public:
        return [errors.Unauthenticated, errors.Forbidden]
    return [errors.Unauthenticated] if operation.token is not None else []


def _problems(operation: Operation) -> Json:
    codes: dict[int, list[type[AisleError]]] = {}
    for kind in errors_of(operation):
        codes.setdefault(status_of(kind), []).append(kind)
    described = {str(status): _problem(status, kinds) for status, kinds in sorted(codes.items())}
    described["500"] = _problem_of([INTERNAL_ERROR], "An error on our side; report the request id.")
    return dict(sorted(described.items()))


def _problem(status: int, kinds: Iterable[type[AisleError]]) -> Json:
    kinds = list(kinds)
    described = _problem_of(
        sorted({kind.code for kind in kinds}), "; ".join(sorted({kind.title for kind in kinds})) + "."
    )
    if any(kind.retryable for kind in kinds):
        described["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    if status in (401, 403):
        # The gateway refuses tokens itself, with a body of its own.
        described["content"]["application/json"] = {
            "schema": {"type": "object", "properties": {"message": {"type": "string"}}}
        }
    return described


def _problem_of(codes: Sequence[str], description: str) -> Json:
    narrowed = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"code": {"enum": list(codes)}}},
        ]
    }
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": narrowed}}}


def error_list() -> str:
    """docs/errors.md: every code, its status, and what it means."""
    rows = sorted({(status_of(kind), kind.code, kind.retryable, kind.title, _why(kind)) for kind in _kinds(AisleError)})
    lines = [
        f"| `{code}` | {status} | {'yes' if retryable else 'no'} | {' — '.join(filter(None, (title, why)))} |"
        for status, code, retryable, title, why in rows
    ]
    return "\n".join([_ERRORS_HEADER, *lines, _ERRORS_FOOTER])


def _why(kind: type[AisleError]) -> str:
    return " ".join((kind.__doc__ or "").split()) if "__doc__" in vars(kind) else ""


def _kinds(base: type[AisleError]) -> Iterator[type[AisleError]]:
    for kind in base.__subclasses__():
        ours = kind.__module__.startswith("chalicelib.")  # a test may have kinds of its own
        if ours and kind is not Replay and "code" in vars(kind):  # others answer with the code of their parent
            yield kind
        yield from _kinds(kind)


_ERRORS_HEADER = """\
# Errors

Every error is an `application/problem+json` document (RFC 9457). Programs go by `code`, which is stable; `detail` is for
people; `errors[]` points into the request (JSON pointer). Where sending the same again can help, `retryable` is true and
`Retry-After` tells when. Generated by `python -m chalicelib.core.openapi errors`.

| code | status | retryable | meaning |
|---|---|---|---|"""

_ERRORS_FOOTER = f"| `{INTERNAL_ERROR}` | 500 | yes | Something went wrong on our side; report the request id |"


if __name__ == "__main__":
    import app  # noqa: F401  importing it declares all routes

    print(error_list() if sys.argv[1:] == ["errors"] else to_json(document(OPERATIONS)))
