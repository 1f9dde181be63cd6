"""The rim, on an application of its own, so that every kind of answer can be asked for."""

import json

import pytest
from chalice.app import Chalice
from pydantic import Field

from chalicelib.core import errors, http
from chalicelib.core.errors import Fault
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import KeyReused
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.core.table import Transaction
from tests.conftest import SHOPPER, a_machine, request


class Line(Schema):
    sku: str = Field(max_length=10)
    quantity: int = Field(ge=1, le=9)


class Basket(Schema):
    lines: list[Line] = Field(max_length=3)


class Shown(View):
    text: str
    version: int = 1


KINDS = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.InFlight: 409,
    errors.Contended: 409,
    errors.Stale: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RuleBroken: 422,
    KeyReused: 422,
    errors.VersionRequired: 428,
    errors.Throttled: 429,
    errors.Unavailable: 503,
}
BY_CODE = {kind.code: kind for kind in KINDS}


def _declare_commands(routes):
    @routes.endpoint("POST", "/baskets", summary="", answers={201: Shown}, body=Basket, idempotent=True)
    def create():
        basket = http.body(Basket)

        def command(record):
            if not basket.lines:
                raise errors.RuleBroken("empty")
            answer = http.answer(201, Shown(text=http.caller().id), version=1, location="/baskets/1")
            tx = Transaction()
            record.record(tx, answer)
            tx.commit()
            return answer

        return http.once(command)

    @routes.endpoint(
        "POST", "/baskets/{id}", summary="", answers={201: Shown}, idempotent=True, public=True, token="Basket-Token"
    )
    def touch(id):
        def command(record):
            answer = http.answer(201, Shown(text=id))
            tx = Transaction()
            record.record(tx, answer)
            tx.commit()
            return answer

        return http.once(command)


@pytest.fixture(scope="module")
def app():
    known = list(http.OPERATIONS)
    routes = Routes(__name__, "test")
    _declare_commands(routes)

    @routes.endpoint("GET", "/fails/{code}", summary="", answers={200: None}, public=True)
    def fails(code):
        if code == "bug":
            raise KeyError("a secret")
        raise BY_CODE[code]("because", faults=[Fault("/a", "b", "c")], limit=3)

    @routes.endpoint("GET", "/echo/{text}", summary="", answers={200: Shown}, public=True, query=PageQuery)
    def echo(text):
        wanted = http.query(PageQuery)
        return http.ok(Shown(text=f"{text} {wanted.limit} {http.preferred_wait(25)}"), version=2)

    @routes.endpoint("PUT", "/versions", summary="", answers={200: Shown}, scopes=["orders.write"], versioned=True)
    def put():
        return http.ok(Shown(text=str(http.expected_version())))

    app = Chalice("rim")
    app.register_blueprint(routes)
    http.OPERATIONS[:] = known  # these are no part of the API
    return app


@pytest.mark.parametrize(("kind", "status"), KINDS.items(), ids=lambda value: getattr(value, "code", None))
def test_each_kind_of_error_is_a_problem_document(app, kind, status):
    reply = request(app, "GET", f"/fails/{kind.code}", request_id="r-1")
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json == {
        "type": "https://aisle.example/problems/" + kind.code.replace("_", "-"),
        "title": kind.title,
        "status": status,
        "detail": "because",
        "code": kind.code,
        "retryable": kind.retryable,
        "request_id": "r-1",
        "errors": [{"pointer": "/a", "code": "b", "detail": "c"}],
        "limit": 3,
    }
    assert ("retry-after" in reply.headers) == kind.retryable


def test_a_bug_tells_nothing_but_the_request_id(app):
    reply = request(app, "GET", "/fails/bug", request_id="r-2")
    assert (reply.status, reply.code, reply.json["request_id"]) == (500, "internal_error", "r-2")
    assert "secret" not in reply.text


def post(app, json_or_body, **headers):
    key = {"Idempotency-Key": "k"} if "Idempotency-Key" not in headers else {}
    arguments = {"body": json_or_body} if isinstance(json_or_body, (bytes, str)) else {"json": json_or_body}
    return request(app, "POST", "/baskets", by=SHOPPER, headers={**key, **headers}, **arguments)


def test_every_fault_has_its_pointer(app):
    lines = [{"sku": "A", "quantity": 0}, {"sku": 5, "quantity": "2", "colour/~": 1}, {"quantity": 10}]
    reply = post(app, {"lines": lines, "x": 1})
    assert reply.status == 400
    assert {(error["pointer"], error["code"]) for error in reply.json["errors"]} == {
        ("/lines/0/quantity", "greater_than_equal"),
        ("/lines/1/sku", "string_type"),
        ("/lines/1/quantity", "int_type"),
        ("/lines/1/colour~1~0", "extra_forbidden"),
        ("/lines/2/sku", "missing"),
        ("/lines/2/quantity", "less_than_equal"),
        ("/x", "extra_forbidden"),
    }


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff", b"[]", b"null", b'{"lines": NaN}', b'{"lines": "\\ud800"}'])
def test_what_is_no_json_object_is_malformed(app, raw):
    reply = post(app, raw)
    assert (reply.status, reply.code) == (400, "invalid_request")


def test_sizes_and_kinds_of_bodies(app):
    assert post(app, b" " * 1_000_001).status == 413
    assert post(app, b" " * 6_000_000).json["limit"] == 1_000_000
    assert post(app, b"<a/>", **{"Content-Type": "text/xml"}).status == 415
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert post(app, b"{}", **charset).status == 400


def test_an_idempotency_key_is_required_and_bounded(app):
    for key in ("", "x" * 256):
        reply = post(app, {"lines": []}, **{"Idempotency-Key": key})
        assert (reply.status, reply.json["errors"][0]["code"]) == (400, "idempotency_key_missing")


def test_a_repeated_command_gets_its_first_answer(app, table):
    body = {"lines": [{"sku": "A", "quantity": 1}]}
    first, again = post(app, body), post(app, body)
    assert (first.status, first.headers["location"], first.etag) == (201, "/baskets/1", '"1"')
    assert "idempotent-replayed" not in first.headers
    assert (again.status, again.text, again.headers["idempotent-replayed"]) == (201, first.text, "true")
    assert post(app, {"lines": []}).code == "idempotency_key_reused"


def test_a_key_of_one_things_command_means_nothing_to_another(app, table):
    def touch(id, token):
        return request(app, "POST", f"/baskets/{id}", headers={"Idempotency-Key": "k", "Basket-Token": token})

    assert (touch("a", "1").json["text"], touch("b", "1").json["text"]) == ("a", "b")
    assert "idempotent-replayed" not in touch("a", "2").headers  # nobody gets the answer to another's token
    assert touch("a", "1").headers["idempotent-replayed"] == "true"


def test_a_refused_command_may_be_sent_again(app, table):
    assert post(app, {"lines": []}).code == "rule_broken"
    assert post(app, {"lines": []}).code == "rule_broken"
    assert post(app, {"lines": [{"sku": "A", "quantity": 1}]}).status == 201


def test_versions_come_in_if_match(app):
    def put(**headers):
        return request(app, "PUT", "/versions", by=a_machine("orders.write"), headers=headers)

    assert put().code == "version_required"
    assert put(**{"If-Match": "*"}).code == "invalid_request"
    for etag in ('"3"', 'W/"3"', "3"):
        assert put(**{"If-Match": etag}).json["text"] == "3"


def test_scopes_are_the_gateways_matter(app):
    assert request(app, "PUT", "/versions", by=a_machine("orders.read")).status == 401
    assert request(app, "PUT", "/versions").status == 401


@pytest.mark.parametrize(
    ("query", "prefer", "text"),
    [
        ("", "", "a b 20 0"),
        ("?limit=7", "wait=5", "a b 7 5"),
        ("", 'respond-async, wait="99"', "a b 20 25"),
        ("", "wait=x", "a b 20 0"),
    ],
)
def test_paths_queries_and_preferences(app, query, prefer, text):
    reply = request(app, "GET", f"/echo/a%20b{query}", headers={"Prefer": prefer})
    assert (reply.json["text"], reply.etag) == (text, '"2"')


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "other=1", f"cursor={'x' * 1001}"]
)
def test_bad_queries_are_malformed(app, query):
    reply = request(app, "GET", f"/echo/a?{query}")
    assert (reply.status, reply.code) == (400, "invalid_request")


def test_the_correlation_id_is_given_back_or_made(app):
    given = request(app, "GET", "/echo/a", headers={"X-Correlation-Id": "c-1"}, request_id="r-3")
    assert (given.headers["x-correlation-id"], given.headers["x-request-id"]) == ("c-1", "r-3")
    assert request(app, "GET", "/echo/a", request_id="r-4").headers["x-correlation-id"] == "r-4"


@pytest.mark.parametrize("given", ["two words", "zwölf", "x" * 65, ""])
def test_what_is_no_correlation_id_is_not_taken_over(app, given):
    answer = request(app, "GET", "/echo/a", headers={"X-Correlation-Id": given}, request_id="r-5")
    assert answer.headers["x-correlation-id"] == "r-5"


def test_a_page_is_shown_with_its_cursor():
    from chalicelib.core.paging import Page

    reply = http.listed(Page(["a", "b"], "next"), lambda text: Shown(text=text))
    assert json.loads(reply.body) == {
        "items": [{"text": "a", "version": 1}, {"text": "b", "version": 1}],
        "next_cursor": "next",
    }
