"""The routes, the document, and the copies of it that are committed say the same."""

import json
import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.core import openapi
from chalicelib.core.http import OPERATIONS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def document():
    return openapi.document(OPERATIONS)


def operations_in(document):
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def test_every_route_is_in_the_document_and_nothing_else(document):
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}
    assert operations_in(document) == routes


def test_the_committed_document_is_the_generated_one(document):
    committed = (DOCS / "openapi.json").read_text()
    assert committed == openapi.to_json(document) + "\n", "run: python -m chalicelib.core.openapi > docs/openapi.json"


def test_the_committed_list_of_errors_is_the_generated_one():
    committed = (DOCS / "errors.md").read_text()
    assert committed == openapi.error_list() + "\n", "run: python -m chalicelib.core.openapi errors > docs/errors.md"


def test_the_document_is_valid(document):
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()


def test_operations_have_names_of_their_own(document):
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)


def test_a_code_means_one_thing():
    codes = re.findall(r"^\| `(\w+)`", openapi.error_list(), flags=re.MULTILINE)
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_what_is_written_is_guarded(operation):
    """Only reads are public, and what brings its own proof; unsafe commands name their key or their version."""
    if operation.method != "GET":
        assert not operation.public or operation.token or operation.name in _OPEN
    changes = operation.method in {"PUT", "PATCH", "DELETE"} and operation.name not in _WITHOUT_VERSION
    assert operation.versioned == changes
    if operation.name not in _GUARDED_BY_THEIR_TIME:
        assert operation.versioned == (operation.method in {"PUT", "PATCH", "DELETE"})
    if operation.method == "POST":
        assert operation.idempotent or operation.name in _HARMLESS_TWICE


_WITHOUT_VERSION = {"set_price", "set_stock"}
"""What a supplier's system says of a moment: the later moment counts, whatever comes last."""
_GUARDED_BY_THEIR_TIME = {"set_price", "set_stock"}
"""Of two updates of a supplier's system the one of the later moment holds, in whichever order they come."""
_GUARDED_BY_THEIR_BODY = {"confirm_pickup", "extend_pickup_by_code", "hear_stripe", "read_gift_card_balance"}
"""The body holds what only those have who may: a signature, the code of a gift card, a passcode. Such a POST is harmless twice."""
_OPEN = {"unsubscribe", "open_guest_cart", *_GUARDED_BY_THEIR_BODY}
"""Proven by their path, for anybody, or guarded by what the body holds."""
_HARMLESS_TWICE = {
    # Of two passcodes or tokens the last counts; what cabinets say may always come twice; what is revoked stays so.
    "add_delegate",
    "hear_cabinet",
    "issue_activation",
    "issue_cabinet_token",
    "issue_passcode",
    "remove_delegate",
    "revoke_cabinet_token",
    "revoke_certificate",
    "import_rows",
    "merge_carts",
    "open_cart",
    "open_guest_cart",
    "preview_template",
    "quote_order",
    "try_promotions",
    "unsubscribe",
    *_GUARDED_BY_THEIR_BODY,
}


def test_the_api_serves_the_document(call, document):
    reply = call("GET", "/v1/openapi.json")
    assert reply.status == 200
    assert reply.json == json.loads(json.dumps(document))
