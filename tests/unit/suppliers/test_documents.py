"""Documents: announced, uploaded, received, looked at."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import boto3
import pytest

from chalicelib.core.table import Transaction
from chalicelib.suppliers.service import correct_profile
from tests.unit.suppliers.conftest import ALICE, Market

PDF = b"%PDF-1.7 a certificate"
BUCKET = "aisle-test-documents"


def announce(market: Market, supplier_id: str, content: bytes = PDF, **changes: Any) -> Any:
    body = {
        "type": "registration",
        "filename": "certificate.pdf",
        "content_type": "application/pdf",
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        **changes,
    }
    return market.call("POST", f"/v1/suppliers/{supplier_id}/documents", by=ALICE, json=body)


def upload(shown: dict[str, Any], content: bytes = PDF, type: str | None = None) -> None:
    """As S3 keeps what came by the form."""
    boto3.client("s3").put_object(
        Bucket=BUCKET,
        Key=shown["upload"]["fields"]["key"],
        Body=content,
        ContentType=type or shown["upload"]["fields"]["Content-Type"],
    )


def do(market: Market, supplier_id: str, document_id: str, what: str, by: Any = ALICE, **body: Any) -> Any:
    path = f"/v1/suppliers/{supplier_id}/documents/{document_id}/{what}"
    return market.call("POST", path, by=by, json=body or None)


def received(market: Market, supplier_id: str) -> str:
    made = announce(market, supplier_id).json
    upload(made)
    assert do(market, supplier_id, made["id"], "completions").json["state"] == "received"
    id: str = made["id"]
    return id


def test_a_form_is_signed_for_this_file_alone(market: Market) -> None:
    supplier_id = market.applied()
    reply = announce(market, supplier_id)
    assert (reply.status, reply.json["state"]) == (201, "announced")
    form = reply.json["upload"]
    fields = form["fields"]
    assert (fields["key"], form["expires_in_seconds"]) == (f"suppliers/{supplier_id}/{reply.json['id']}", 900)
    assert fields["Content-Type"] == "application/pdf"
    assert fields["x-amz-checksum-sha256"] == b64encode(sha256(PDF).digest()).decode()
    assert fields["x-amz-server-side-encryption"] == "aws:kms"
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    from base64 import b64decode
    from json import loads

    conditions = loads(b64decode(fields["policy"]))["conditions"]
    assert ["content-length-range", len(PDF), len(PDF)] in conditions
    assert {"key": fields["key"]} in conditions
    # Whoever reads it later gets no form.
    read = market.call("GET", f"/v1/suppliers/{supplier_id}/documents/{reply.json['id']}", by=ALICE)
    assert (read.json["upload"], read.json["sha256"]) == (None, sha256(PDF).hexdigest())


def test_a_document_meets_its_requirement_when_the_operator_says_so(market: Market) -> None:
    requirement = {"code": "registration", "kind": "document", "title": "Registration"}
    market.call("PUT", "/v1/supplier-requirements", json={"items": [requirement]}, headers={"If-Match": '"0"'})
    supplier_id = market.apply(attestations=()).json["id"]
    document_id = received(market, supplier_id)
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"registration.open"}
    assert do(market, supplier_id, document_id, "decisions", decision="verified").status == 403
    reply = do(market, supplier_id, document_id, "decisions", by=market_admin(), decision="verified")
    assert (reply.status, reply.json["state"]) == (200, "verified")
    assert market.reviewer_approves(supplier_id) == "approved"


def registration(market: Market, supplier_id: str) -> str:
    """How the requirement of a document stands."""
    rows = market.call("GET", f"/v1/suppliers/{supplier_id}/requirements").json["items"]
    [state] = [row["state"] for row in rows if row["code"] == "registration"]
    return str(state)


def with_document(market: Market) -> tuple[str, str]:
    """One that was approved, and whose document was verified."""
    supplier_id = market.approved()
    document_id = received(market, supplier_id)
    assert do(market, supplier_id, document_id, "decisions", by=market_admin(), decision="verified").status == 200
    assert registration(market, supplier_id) == "verified"
    return supplier_id, document_id


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"legal_entity": {"name": "Blue Plates Ltd", "registration_number": "07654321", "country": "GB"}}, "open"),
        ({"legal_entity": {"name": "Red Mugs Ltd", "registration_number": "07654321", "country": "GB"}}, "open"),
        ({"legal_entity": {"name": "RED MUGS LTD.", "registration_number": "0123 4567", "country": "GB"}}, "verified"),
        ({"trading_name": "Blue Plates"}, "verified"),
    ],
)
def test_a_document_is_of_one_legal_entity(market: Market, changes: Any, state: str) -> None:
    supplier_id, document_id = with_document(market)
    assert market.changed(supplier_id, by=ALICE, **changes).status == 202
    assert registration(market, supplier_id) == state
    # The operator looks at it again.
    assert do(market, supplier_id, document_id, "decisions", by=market_admin(), decision="verified").status == 200
    assert registration(market, supplier_id) == "verified"


def test_who_corrects_the_legal_entity_looks_at_its_documents_again(market: Market) -> None:
    supplier_id, document_id = with_document(market)
    market.changed(supplier_id, by=ALICE, timezone="UTC")
    tx = Transaction()
    correct_profile.stage_changes(tx, supplier_id, [("/legal_entity/registration_number", "222")], market_admin())
    tx.commit()
    assert registration(market, supplier_id) == "open"
    assert do(market, supplier_id, document_id, "decisions", by=market_admin(), decision="verified").status == 200
    path = f"/v1/suppliers/{supplier_id}/corrections/1/reversals"
    assert market.call("POST", path).status == 200
    assert registration(market, supplier_id) == "open"


def market_admin() -> Any:
    from tests.conftest import ADMIN

    return ADMIN


def test_a_document_that_is_refused_leaves_its_requirement_failed(market: Market) -> None:
    supplier_id = market.applied()
    document_id = received(market, supplier_id)
    reply = do(market, supplier_id, document_id, "decisions", by=market_admin(), decision="refused", reason="Blurred")
    assert (reply.json["state"], reply.json["reason"]) == ("refused", "Blurred")
    again = do(market, supplier_id, document_id, "decisions", by=market_admin(), decision="verified")
    assert again.code == "document_state"
    rows = market.call("GET", f"/v1/suppliers/{supplier_id}/requirements").json["items"]
    assert [row["state"] for row in rows if row["code"] == "registration"] == ["failed"]


@pytest.mark.parametrize(
    ("content", "type"),
    [
        (PDF + b"!", None),
        (PDF, "image/png"),
        (b"<html>" + PDF[6:], None),
    ],
)
def test_another_file_than_announced_is_not_received(market: Market, content: bytes, type: str | None) -> None:
    supplier_id = market.applied()
    made = announce(market, supplier_id).json
    assert do(market, supplier_id, made["id"], "completions").code == "upload_mismatch"
    upload(made, content, type)
    assert do(market, supplier_id, made["id"], "completions").code == "upload_mismatch"
    upload(made)
    assert do(market, supplier_id, made["id"], "completions").status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"content_type": "text/html"},
        {"bytes": 10_000_001},
        {"bytes": 0},
        {"sha256": "abc"},
        {"filename": "../etc/passwd"},
    ],
)
def test_what_may_not_be_uploaded(market: Market, changes: Any) -> None:
    assert announce(market, market.applied(), **changes).status == 400


def test_a_document_is_for_a_requirement(market: Market) -> None:
    supplier_id = market.applied()
    assert announce(market, supplier_id, type="terms").code == "requirement_unknown"
    assert announce(market, supplier_id, type="unheard_of").code == "requirement_unknown"


def test_the_operator_gets_the_file_for_two_minutes(market: Market) -> None:
    supplier_id = market.applied()
    announced = announce(market, supplier_id).json["id"]
    path = f"/v1/suppliers/{supplier_id}/documents"
    assert market.call("GET", f"{path}/{announced}/download").code == "document_state"
    document_id = received(market, supplier_id)
    assert market.call("GET", f"{path}/{document_id}/download", by=ALICE).status == 403
    reply = market.call("GET", f"{path}/{document_id}/download")
    assert reply.json["expires_in_seconds"] == 120
    assert "X-Amz-Expires=120" in reply.json["url"]
    assert "response-content-disposition=attachment" in reply.json["url"]


def test_documents_are_listed_page_by_page(market: Market) -> None:
    supplier_id = market.applied()
    made = [announce(market, supplier_id).json["id"] for _ in range(3)]
    path = f"/v1/suppliers/{supplier_id}/documents"
    page = market.call("GET", f"{path}?limit=2", by=ALICE).json
    rest = market.call("GET", f"{path}?limit=2&cursor={page['next_cursor']}", by=ALICE).json
    assert sorted(row["id"] for row in page["items"] + rest["items"]) == sorted(made)
    assert (len(page["items"]), rest["next_cursor"]) == (2, None)
