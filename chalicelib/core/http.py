"""The rim of the API: requests in, answers and problem documents out. The only file that knows HTTP statuses.

`Routes` is a Chalice blueprint whose routes map domain errors to RFC 9457 problems; the explicit wrapper is needed because
Chalice runs no middleware for blueprints on Lambda and turns foreign exceptions into a bare 500 before middleware could
see them. Each route also declares what the OpenAPI document says of it (`core/openapi.py`).
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import unquote

from chalice.app import Blueprint, CognitoUserPoolAuthorizer, IAMAuthorizer, Request, Response
from pydantic import BaseModel, ValidationError

from chalicelib.core import errors, observability
from chalicelib.core.auth import NOBODY, RESOURCE_SERVER, USER_SCOPE, Principal, from_claims, function
from chalicelib.core.errors import AisleError, Fault, Invalid, TooLarge, UnsupportedMedia, VersionRequired
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.ids import new_ulid
from chalicelib.core.keys import SEPARATOR
from chalicelib.core.paging import Page
from chalicelib.core.settings import settings

MAX_BODY_BYTES = 1_000_000
PROBLEM_TYPE = "application/problem+json"

_STATUS: dict[type[AisleError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RuleBroken: 422,
    errors.VersionRequired: 428,
    errors.Throttled: 429,
    errors.Unavailable: 503,
}

_CORRELATION_ID = re.compile(r"[!-~]{1,64}")
_ModelT = TypeVar("_ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ListOf:
    """In the answers of a route: `{"items": [view, …], "next_cursor": …}`, as `listed` sends it."""

    view: type[BaseModel]


def list_of(view: type[BaseModel]) -> ListOf:
    """A page of `view`."""
    return ListOf(view)


@dataclass(frozen=True, slots=True)
class Html:
    """In the answers of a route: a page for people, in HTML."""


@dataclass(frozen=True, slots=True)
class Csv:
    """In the answers of a route: a file of rows (RFC 4180)."""


Answers = dict[int, "type[BaseModel] | ListOf | Html | Csv | None"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is documented of a route."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    tag: str
    scopes: tuple[str, ...]
    public: bool
    internal: bool
    token: str | None
    body: type[BaseModel] | None
    body_types: tuple[str, ...]
    query: type[BaseModel] | None
    answers: Answers
    idempotent: bool
    versioned: bool
    raises: tuple[type[AisleError], ...] = field(default=())


OPERATIONS: list[Operation] = []
"""Every route declared so far, in order of import."""


def authorizer() -> CognitoUserPoolAuthorizer:
    """The gateway's check of access tokens; named once, so API Gateway holds one authorizer."""
    return CognitoUserPoolAuthorizer("aisle-users", provider_arns=[settings().user_pool_arn or "arn:none"])


class Routes(Blueprint):
    """The routes of one context."""

    def __init__(self, import_name: str, tag: str) -> None:
        super().__init__(import_name)
        self._tag = tag

    def endpoint(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        answers: Answers,
        scopes: Sequence[str] = (),
        public: bool = False,
        internal: bool = False,
        token: str | None = None,
        body: type[BaseModel] | None = None,
        body_types: Sequence[str] = ("application/json",),
        query: type[BaseModel] | None = None,
        idempotent: bool = False,
        versioned: bool = False,
        raises: Sequence[type[AisleError]] = (),
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Declare a route.

        `scopes` are what a machine client needs (any of them); signed-in users pass the gateway and are judged by the
        service. `public` routes have no authorizer; `internal` ones are for our own functions, by the signature of their role. A `token` is the name of a header that has to bring one, beside the account
        or, where public, instead of it; the service checks it. The rest documents: `raises` are the domain errors it may answer
        with beyond those every route has.
        """

        def declare(view: Callable[..., Response]) -> Callable[..., Response]:
            OPERATIONS.append(
                Operation(
                    method,
                    path,
                    view.__name__,
                    summary,
                    " ".join((view.__doc__ or "").split()),
                    self._tag,
                    tuple(scopes),
                    public,
                    internal,
                    token,
                    body,
                    tuple(body_types),
                    query,
                    answers,
                    idempotent,
                    versioned,
                    tuple(raises),
                )
            )
            guard = _guard(scopes, public, internal)
            register = self.route(path, methods=[method], name=view.__name__, content_types=["*/*"], cors=True, **guard)

            def run(**parts: str) -> Response:
                return _answer(self.current_request, view, parts, token, internal)

            run.__name__ = view.__name__
            register(run)
            return view

        return declare


def _guard(scopes: Sequence[str], public: bool, internal: bool) -> dict[str, Any]:
    if public:
        return {}
    if internal:
        return {"authorizer": IAMAuthorizer()}
    return {"authorizer": authorizer().with_scopes([USER_SCOPE, *(f"{RESOURCE_SERVER}/{scope}" for scope in scopes)])}


@dataclass(slots=True)
class _Exchange:
    """The request at hand. One Lambda worker handles one request at a time."""

    request: Request
    raw: bytes
    parts: dict[str, str]
    token: str | None
    internal: bool = False


_exchange: _Exchange | None = None


def _answer(
    request: Request, view: Callable[..., Response], sent: dict[str, str], token: str | None, internal: bool
) -> Response:
    global _exchange
    correlation_id = _correlation_id(request)
    with observability.tracing(correlation_id):
        try:
            parts = {name: unquote(part) for name, part in sent.items()}
            _exchange = _Exchange(request, _bytes(request.raw_body), parts, token, internal)
            answer = observability.traced(view.__name__)(view)(**parts)
        except Replay as replay:
            answer = _replayed(replay.answer)
        except AisleError as error:
            answer = problem(error)
        except Exception:
            observability.log.exception("unexpected", route=view.__name__)
            answer = _problem(500, "internal_error", "Something went wrong on our side", "Report the request id.", True)
        _exchange = None
        answer.headers["X-Request-Id"] = _request_id(request)
        answer.headers["X-Correlation-Id"] = correlation_id
        observability.log.info("request", route=view.__name__, status=answer.status_code)
        return answer


def _bytes(raw: str | bytes | None) -> bytes:
    return raw.encode() if isinstance(raw, str) else raw or b""


def _correlation_id(request: Request) -> str:
    # It goes into logs, events and workflows as it is, so what is no id (other text, too long) is not taken over.
    given = request.headers.get("x-correlation-id") or ""
    return given if _CORRELATION_ID.fullmatch(given) else _request_id(request)


def _request_id(request: Request) -> str:
    return str((request.context or {}).get("requestId") or new_ulid())


def _now() -> _Exchange:
    if _exchange is None:
        raise RuntimeError("there is no request at hand")
    return _exchange


# ---- what a route reads -------------------------------------------------------------------------------------------------


def caller() -> Principal:
    """Who asks, from the claims or, on an internal route, the signature that the gateway verified."""
    now = _now()
    context = now.request.context or {}
    if now.internal:
        arn = (context.get("identity") or {}).get("userArn")
        return function(arn) if arn else NOBODY
    return from_claims((context.get("authorizer") or {}).get("claims"))


def caller_name() -> str:
    """What tells one caller from another, for counting: who they are, or else the address that they call from."""
    by = caller()
    if by != NOBODY:
        return f"{by.kind}:{by.id}"
    return str(((_now().request.context or {}).get("identity") or {}).get("sourceIp") or "unknown")


def header(name: str) -> str | None:
    """A request header."""
    value: str | None = _now().request.headers.get(name.lower())
    return value


def raw_body(*types: str, most: int = MAX_BODY_BYTES) -> bytes:
    """The body as bytes. Raises `UnsupportedMedia` for another content type and `TooLarge` beyond `most` bytes."""
    given = (header("content-type") or types[0]).split(";")[0].strip().lower()
    if given not in types:
        raise UnsupportedMedia(f"Send {' or '.join(types)}, not {given}.")
    raw = _now().raw
    if len(raw) > most:
        raise TooLarge(f"The body has {len(raw)} bytes; at most {most} are read.", limit=most)
    return raw


def body(model: type[_ModelT]) -> _ModelT:
    """The JSON body as `model`. Raises `Invalid` that names every fault by its JSON pointer."""
    raw = raw_body("application/json")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise malformed(error) from error


def query(model: type[_ModelT]) -> _ModelT:
    """The query parameters as `model`; one given twice or unknown is a fault."""
    multi = _now().request.query_params
    every = {name: multi.getlist(name) for name in multi} if multi else {}
    given = {name: values[0] if len(values) == 1 else values for name, values in every.items()}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise malformed(error) from error


def malformed(error: ValidationError) -> Invalid:
    """Pydantic's findings as our problem."""
    faults = [
        Fault(_pointer(found["loc"]), found["type"], found["msg"])
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return Invalid("; ".join(f"{fault.pointer or '/'}: {fault.detail}" for fault in faults[:3]), faults=faults)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def idempotency(payload: bytes | None = None) -> Idempotency:
    """The command's key, scoped to caller, method and path: the same key means nothing to another thing's command. Raises
    `Invalid` when the header is missing or too long.

    `payload` stands for a body that holds a secret of which not even a hash may be kept.

    Whoever comes with the token of a thing instead of an account is known by it: an answer is replayed to no other.
    """
    given = header("idempotency-key")
    if not given or not 1 <= len(given) <= 255:
        raise Invalid(
            "Send an Idempotency-Key header of 1 to 255 characters, new for each intended effect.",
            faults=[Fault("/headers/Idempotency-Key", "idempotency_key_missing", "Required here.")],
        )
    now, by = _now(), caller()
    token = sha256((header(now.token) or "").encode()).hexdigest() if now.token else ""
    parts = SEPARATOR.join(now.parts.values())
    scope = f"{by.kind}:{by.id}{token}:{now.request.method} {now.request.path} {parts}"
    return Idempotency.of(scope, given, now.raw if payload is None else payload)


def expected_version() -> int:
    """The version in If-Match. Raises `VersionRequired` when missing, `Invalid` when it is not one of our ETags."""
    given = header("if-match")
    if given is None:
        raise VersionRequired('Send If-Match with the ETag of the version you changed, e.g. If-Match: "3".')
    try:
        return int(given.strip().removeprefix("W/").strip('"'))
    except ValueError:
        raise Invalid(f"If-Match does not hold an ETag of ours: {given[:40]}.") from None


def preferred_wait(most: int) -> int:
    """Seconds the caller is ready to wait (`Prefer: wait=N`, RFC 7240), 0 to `most`."""
    for preference in (header("prefer") or "").split(","):
        name, _, value = preference.strip().partition("=")
        if name.lower() == "wait" and value.strip('"').isdigit():
            return min(int(value.strip('"')), most)
    return 0


# ---- what a route answers -----------------------------------------------------------------------------------------------


def answer(
    status: int, view: BaseModel | None = None, *, version: int | None = None, location: str | None = None
) -> Answer:
    """An answer that can be sent, and kept for repetitions of the command."""
    headers = {"Content-Type": "application/json"}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if location is not None:
        headers["Location"] = location
    return Answer(status, view.model_dump_json() if view is not None else "", headers)


def send(what: Answer) -> Response:
    """The answer as Chalice sends it."""
    return Response(what.body, dict(what.headers), what.status)


def ok(view: BaseModel, *, version: int | None = None) -> Response:
    """200 with a body, and its ETag if it has a version."""
    return send(answer(200, view, version=version))


def file_of_rows(text: str, next_cursor: str | None = None) -> Response:
    """200 with CSV that no cache keeps; `Next-Cursor` leads to more rows."""
    headers = {"Content-Type": "text/csv; charset=utf-8", "Cache-Control": "no-store"}
    return Response(text, {**headers, **({"Next-Cursor": next_cursor} if next_cursor else {})}, 200)


def listed(page: Page[Any], render: Callable[[Any], BaseModel]) -> Response:
    """200 with `{"items": […], "next_cursor": …}`."""
    items = ",".join(render(entry).model_dump_json() for entry in page.items)
    return Response(
        f'{{"items":[{items}],"next_cursor":{json.dumps(page.next_cursor)}}}', {"Content-Type": "application/json"}, 200
    )


def once(command: Callable[[Idempotency], Answer], payload: bytes | None = None) -> Response:
    """Run a command under its idempotency key; `payload` as for `idempotency`.

    The command records its answer in its own transaction. When it is refused, a repetition must still get the first
    answer: the state may have moved on since (sold out, shipped), so the record is looked up before the error is sent.
    """
    record = idempotency(payload)
    try:
        return send(command(record))
    except Replay as replay:
        return _replayed(replay.answer)
    except AisleError:
        earlier = record.earlier()
        if earlier is not None:
            return _replayed(earlier)
        raise


def _replayed(earlier: Answer) -> Response:
    return Response(earlier.body, {**earlier.headers, "Idempotent-Replayed": "true"}, earlier.status)


def status_of(kind: type[AisleError]) -> int:
    """The HTTP status of an error class, by the nearest kind it derives from."""
    return next(_STATUS[base] for base in kind.__mro__ if base in _STATUS)


def problem_type(code: str) -> str:
    """The URI that names a kind of problem (RFC 9457, `type`)."""
    return f"https://aisle.example/problems/{code.replace('_', '-')}"


def problem(error: AisleError) -> Response:
    """The problem document (RFC 9457) of a domain error."""
    return _problem(
        status_of(type(error)),
        error.code,
        error.title,
        error.detail,
        error.retryable,
        faults=error.faults,
        members=error.members,
    )


def _problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    retryable: bool,
    *,
    faults: Sequence[Fault] = (),
    members: dict[str, Any] | None = None,
) -> Response:
    document: dict[str, Any] = {
        "type": problem_type(code),
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": retryable,
        "request_id": _request_id(_now().request) if _exchange else None,
        "errors": [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in faults],
        **(members or {}),
    }
    headers: dict[str, str | list[str]] = {"Content-Type": PROBLEM_TYPE}
    if status in (429, 503) or retryable:
        headers["Retry-After"] = str((members or {}).get("retry_after_seconds", 1))
    return Response(json.dumps(document), headers, status)
