"""Suppliers on their way into the marketplace, through it, and out."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from aisle_supplier import signing
from examples.marketplace.suppliers import Trader, profile, vat_number, verified
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import until
from tests.journeys.market import CHANNEL, Market, at_once, opened

pytestmark = pytest.mark.xdist_group("market-suppliers")
ONBOARDING = "suppliers-onboard-supplier"


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as market:
        yield market


def types(market: Market, trader: Trader) -> list[str]:
    """What happened to a supplier, by name."""
    return sorted(one["type"] for one in market.shop.get(f"/v1/suppliers/{trader.id}/timeline").body["items"])


# ---- corrections --------------------------------------------------------------------------------------------------------


def test_what_is_sure_is_put_right_once_and_taken_back_for_good(market: Market) -> None:
    contacts = [
        {"role": "primary", "name": "Grace Hopper", "email": "grace@Example.COM", "phone": "020 7946 0018"},
        {"role": "finance", "name": "Ada Lovelace", "email": "ada@gmial.com"},
    ]
    address = {"line1": "1 Quay Street", "city": "Hull", "postal_code": "hu1 2aa", "country": "United Kingdom"}
    trader = market.applies("Untidy Goods", contacts=contacts, address=address)
    seen = verified(trader)
    assert seen["status"] == "approved", seen["findings"]
    assert [tuple(one.values())[:6] for one in seen["corrections"]] == [
        (1, "/address/country", "country_code", "United Kingdom", "GB", 95),
        (2, "/contacts/0/phone", "phone_e164", "020 7946 0018", "+442079460018", 95),
        (3, "/contacts/0/email", "email_domain", "grace@Example.COM", "grace@example.com", 100),
        (4, "/address/postal_code", "postal_code_form", "hu1 2aa", "HU1 2AA", 92),
    ]
    # Less than sure is told, and left.
    assert [(one["field"], one["suggested_fix"]) for one in seen["findings"]] == [
        ("/contacts/1/email", "ada@gmail.com")
    ]
    first = f"{trader.id}-1"
    until(lambda: market.executions(ONBOARDING, trader.id) == {first: "SUCCEEDED"})
    assert types(market, trader) == ["SupplierApplied", "SupplierApproved", "SupplierCorrected", "SupplierSubmitted"]

    path = f"/v1/suppliers/{trader.id}/corrections/3/reversals"
    back = market.shop.post(path, None)
    assert (back.status, back.body["approved"]["contacts"][0]["email"]) == (200, "grace@Example.COM")
    assert back.body["corrections"][2]["reversed_at"]
    again = market.shop.post(path, None)
    assert (again.status, again.body["code"]) == (409, "correction_outdated")

    # The next submission is the second to be verified, and does not correct it again.
    changed = market.change(trader, "", {"trading_name": "Tidy Goods"}, "PATCH")
    assert changed.status == 202, changed
    second = f"{trader.id}-{changed.body['submission']}"
    until(lambda: market.executions(ONBOARDING, trader.id) == {first: "SUCCEEDED", second: "SUCCEEDED"})
    after = trader.read()
    assert (after["approved"]["trading_name"], after["proposed"]) == ("Tidy Goods", None)
    assert after["approved"]["contacts"][0]["email"] == "grace@Example.COM", after["findings"]


# ---- ways in ------------------------------------------------------------------------------------------------------------


def test_who_is_invited_comes_in_once_with_what_was_filled_in(market: Market) -> None:
    run = uuid4().hex[:8]
    said = profile("Invited Goods", run)
    known = {name: said.pop(name) for name in ("trading_name", "legal_entity", "tax_id")}
    invited = market.shop.post("/v1/supplier-invitations", {"email": f"{run}@example.com", "profile": known})
    assert invited.status == 201, invited
    account, stranger = market.account(f"invited-{run}"), market.account(f"stranger-{run}")

    def accepts(token: str, by: Any = account) -> Answer:
        body = {"token": token, "profile": {**said, "trading_name": "Invited and Sons"}, "attestations": ["terms"]}
        headers = {"Idempotency-Key": uuid4().hex}
        path = "/v1/supplier-invitations/acceptances"
        return market.stack.call("POST", path, json=body, token=by.token("supplier"), headers=headers)

    wrong = accepts("inv_" + "x" * 43)
    assert (wrong.status, wrong.body["code"]) == (422, "invitation_refused")
    accepted = accepts(invited.body["token"])
    assert (accepted.status, accepted.body["id"]) == (202, invited.body["supplier_id"])
    trader = market.trader("Invited Goods", accepted.body["id"], account)
    seen = verified(trader)
    assert (seen["status"], seen["approved"]["trading_name"]) == ("approved", "Invited and Sons"), seen["findings"]
    assert seen["approved"]["legal_entity"] == known["legal_entity"]
    late = accepts(invited.body["token"], stranger)
    assert (late.status, late.body["code"]) == (422, "invitation_refused")


PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"


def announce(market: Market, trader: Trader, content: bytes, **changes: Any) -> Answer:
    body = {
        "type": "registration",
        "filename": "registration.pdf",
        "content_type": "application/pdf",
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        **changes,
    }
    return market.as_supplier(trader, "POST", "/documents", body)


def uploaded(market: Market, trader: Trader, announced: Answer, content: bytes) -> Answer:
    """What completing says after so many bytes were sent by the form, if storage took them."""
    assert announced.status == 201, announced
    form = announced.body["upload"]
    sent = [*form["fields"].items(), ("file", ("registration.pdf", content, "application/pdf"))]
    urllib3.request("POST", form["url"], fields=sent, timeout=10)
    return market.as_supplier(trader, "POST", f"/documents/{announced.body['id']}/completions")


def test_a_document_is_taken_as_it_was_announced_or_not_at_all(market: Market) -> None:
    [trader] = market.known("Usual Goods")
    for changes, pointer in (
        ({"bytes": 10_000_001}, "/bytes"),
        ({"content_type": "text/html"}, "/content_type"),
        ({"sha256": "none"}, "/sha256"),
    ):
        refused = announce(market, trader, PDF, **changes)
        assert (refused.status, [one["pointer"] for one in refused.body["errors"]]) == (400, [pointer]), refused
    unasked = announce(market, trader, PDF, type="terms")
    assert (unasked.status, unasked.body["code"]) == (422, "requirement_unknown")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
    for announced, content in (
        (announce(market, trader, picture), picture),  # it says that it is a PDF
        (announce(market, trader, PDF), PDF + b"and more"),
        (announce(market, trader, PDF), PDF[:-1]),
    ):
        refused = uploaded(market, trader, announced, content)
        assert (refused.status, refused.body["code"]) == (422, "upload_mismatch"), refused

    right = uploaded(market, trader, announced := announce(market, trader, PDF), PDF)
    assert (right.status, right.body["state"]) == (200, "received"), right
    path = f"/v1/suppliers/{trader.id}/documents/{announced.body['id']}"
    assert market.as_supplier(trader, "GET", f"/documents/{announced.body['id']}/download").status == 403
    link = market.shop.get(f"{path}/download").body["url"]
    assert urllib3.request("GET", link, timeout=10).data == PDF
    assert market.shop.post(f"{path}/decisions", {"decision": "verified"}).body["state"] == "verified"
    assert standing(market, trader, "registration")["state"] == "verified"


def standing(market: Market, trader: Trader, code: str) -> Any:
    """How a requirement stands, as the supplier sees it."""
    items = market.as_supplier(trader, "GET", "/requirements").body["items"]
    return next(one for one in items if one["code"] == code)


def test_what_is_not_met_is_passed_by_no_reviewer_and_waived_by_the_operator(market: Market) -> None:
    trader = market.applies("Wordless Goods", attested=())
    case = market.case_of(trader, "supplier")
    assert [(one["rule"], one["severity"]) for one in case["findings"]] == [("terms.open", "error")]
    assert market.decide(case["id"], "approve").status == 200
    second = market.case_of(trader, "supplier", but=case["id"])
    assert trader.read()["status"] == "in_review"
    reason = "They signed on paper."
    waived = market.shop.post(f"/v1/suppliers/{trader.id}/waivers", {"code": "terms", "reason": reason})
    assert waived.status == 200, waived
    assert market.decide(second["id"], "approve").status == 200
    until(lambda: trader.read()["status"] == "approved")
    now = standing(market, trader, "terms")
    assert (now["state"], now["reason"], now["by"]["kind"]) == ("waived", reason, "user")
    until(lambda: market.executions(ONBOARDING, trader.id) == {f"{trader.id}-1": "SUCCEEDED"})


def test_who_is_screened_for_is_decided_by_a_person_and_not_told(market: Market) -> None:
    run = uuid4().hex[:8]
    name = f"Zorblax Holdings {run}"
    market.settle(
        "/v1/supplier-screening-list", lambda listed: {**listed, "names": [*listed["names"], f"ZORBLAX {run} holdings"]}
    )
    entity = {"name": f"{name} Limited", "registration_number": f"Z{run}", "country": "GB"}
    trader = market.applies("Harmless Goods", legal_entity=entity)
    case = market.case_of(trader, "supplier")
    assert [(one["field"], one["rule"]) for one in case["findings"]] == [("/legal_entity/name", "screening.name")]
    seen = trader.read()
    assert (seen["status"], seen["findings"], seen["review_id"]) == ("in_review", [], None)
    for path in ("", "/timeline", "/requirements", "/ledger-entries?currency=GBP"):
        told = market.as_supplier(trader, "GET", path)
        assert told.status == 200, told
        assert "screening.name" not in str(told.body), told
        assert case["id"] not in str(told.body), told
    told = market.as_supplier(trader, "GET", "/requirements").body["items"]
    assert "screening" not in [one["code"] for one in told], "that it was recognised tells as much as by what"
    assert market.decide(case["id"], "reject", "It is them.").status == 200
    after = until(lambda: (seen := trader.read())["status"] == "rejected" and seen)
    assert (after["check"], after["reason"], after["approved"]) == ("rejected", "review", None)
    assert market.as_supplier(trader, "POST", "/listings", market.listing()).body["code"] == "supplier_not_approved"
    # Whoever was refused may put it right, and is looked at anew.
    entity["name"] = f"Harmless {run} Limited"
    assert market.change(trader, "", {"legal_entity": entity}, "PATCH").status == 202
    until(lambda: trader.read()["status"] == "approved")


# ---- a reviewer's work --------------------------------------------------------------------------------------------------


def test_a_reviewer_is_called_looks_mends_and_has_the_parked_workflow_go_on(market: Market) -> None:
    tax_id = {"scheme": "vat", "country": "GB", "value": "GB123456789"}
    trader = market.applies("Mistyped Goods", tax_id=tax_id)
    case = market.case_of(trader, "supplier")
    path, post = f"/v1/review-cases/{case['id']}", market.shop.post
    assert [(one["field"], one["rule"]) for one in case["findings"]] == [("/tax_id/value", "identity.tax_id")]
    until(lambda: case["id"] in market.waiting_messages("reviews-manual"))
    waiting = {f"{trader.id}-1": "RUNNING"}
    assert market.executions(ONBOARDING, trader.id) == waiting

    assert post(f"{path}/claims", {}).body["state"] == "claimed"
    assert post(f"{path}/comments", {"text": "They sent the certificate."}).status == 201
    assert post(f"{path}/escalations", {"reason": "Is a copy enough?"}).body["level"] == 1
    right = vat_number(uuid4().hex)
    old = case["subject"]["version"]
    mended = {"corrections": [{"field": "/tax_id/value", "value": right}], "expected_subject_version": old}
    done = post(f"{path}/corrections", mended)
    assert (done.status, done.body["corrected_version"]) == (200, old + 1), done
    twice = post(f"{path}/corrections", mended)
    assert (twice.status, twice.body["code"]) == (412, "stale_version")
    assert market.executions(ONBOARDING, trader.id) == waiting, "a correction started something"
    outdated = {"decision": "approve", "reason": "-", "expected_version": case["version"]}
    assert post(f"{path}/decisions", outdated).status == 412

    assert market.decide(case["id"], "revalidate", "A digit was mistyped.").status == 200
    seen = until(lambda: (seen := trader.read())["status"] == "approved" and seen)
    assert seen["findings"] == []
    assert seen["approved"]["tax_id"]["value"] == right
    [made] = seen["corrections"]
    assert (made["rule"], made["before"], made["after"], made["confidence"]) == (
        "reviewer",
        "GB123456789",
        right,
        100,
    )
    until(lambda: market.executions(ONBOARDING, trader.id) == {f"{trader.id}-1": "SUCCEEDED"})
    closed = market.shop.get(path).body
    assert (closed["state"], closed["decision"]["outcome"], closed["level"]) == ("decided", "revalidate", 1)
    assert [one["kind"] for one in closed["comments"]] == ["comment", "escalation"]
    assert [one["type"] for one in closed["history"]] == [
        "ReviewOpened",
        "ReviewClaimed",
        "ReviewEscalated",
        "ReviewCorrected",
        "ReviewDecided",
    ]


# ---- out, and back ------------------------------------------------------------------------------------------------------


def test_who_is_suspended_sells_nothing_until_reinstated_and_who_left_never_again(market: Market) -> None:
    cheap, dear = at_once(market.approved, ("Cheap Goods", "Dear Goods"))
    gtin = market.gtin()
    _, sku = market.lists(cheap, gtin=gtin)
    assert market.lists(dear, gtin=gtin, prices={"GBP": 1040})[1] == sku
    _, alone = market.lists(cheap)

    def sellers() -> list[str]:
        offered = market.shop.get(f"/v1/variants/{sku}/offers", currency="GBP").body["items"]
        assert [one["seller"] for one in market.quote((sku, 1))["sellers"]] == [offered[0]["supplier_id"]]
        return [one["supplier_id"] for one in offered]

    def moved(how: str) -> str:
        done = market.shop.post(f"/v1/suppliers/{cheap.id}/{how}", {"reason": "Complaints."} if how[0] != "r" else None)
        assert done.status == 200, done
        return str(done.body["status"])

    def nothing_of_it() -> None:
        refused = market.shop.post("/v1/orders", market.shop.order((alone, 1), channel=CHANNEL), "shopper")
        assert (refused.status, refused.body["code"]) == (409, "stock_too_low"), refused
        refused = market.as_supplier(cheap, "POST", "/listings", market.listing())
        assert (refused.status, refused.body["code"]) == (409, "supplier_not_approved"), refused

    assert sellers() == [cheap.id, dear.id]
    assert moved("suspensions") == "suspended"
    assert sellers() == [dear.id]
    nothing_of_it()
    [part] = market.places((sku, 1))["fulfilments"]
    assert part["location_id"] == dear.id
    assert moved("reinstatements") == "approved"
    assert sellers() == [cheap.id, dear.id]
    [part] = market.places((alone, 1))["fulfilments"]
    assert part["location_id"] == cheap.id
    assert moved("offboardings") == "offboarded"
    assert sellers() == [dear.id]
    nothing_of_it()
    back = market.shop.post(f"/v1/suppliers/{cheap.id}/reinstatements", None)
    assert (back.status, back.body["code"]) == (409, "supplier_status")


# ---- what nobody sees ---------------------------------------------------------------------------------------------------

IBAN = "GB82WEST12345698765432"


def test_a_bank_account_is_kept_behind_a_token_and_never_shown(market: Market) -> None:
    trader = market.approved("Paid Goods")
    holder = trader.read()["approved"]["legal_entity"]["name"]
    account = {"holder": holder, "country": "GB", "currency": "GBP", "iban": f"{IBAN[:4]} {IBAN[4:]}"}
    refused = market.change(trader, "/bank-account", {**account, "iban": IBAN.replace("82", "83")})
    assert (refused.status, refused.body["code"]) == (422, "bank_account_refused")
    named = market.change(trader, "/bank-account", account)
    assert named.status == 202, named
    token = named.body["bank_account"]["proposed"]["token"]
    shown = {"token": token, "country": "GB", "currency": "GBP", "last4": "5432", "version": 1}
    assert named.body["bank_account"] == {"approved": None, "proposed": shown}
    until(lambda: trader.read()["bank_account"]["approved"])
    answers = [refused, named] + [
        market.stack.call("GET", f"/v1/suppliers/{trader.id}{path}", **by)
        for path in ("", "/timeline", "/requirements", "/members", "/payouts")
        for by in ({"role": "admin"}, {"token": trader.account.token("supplier")})
    ]
    for answer in answers:
        assert answer.body, answer
        assert IBAN[8:] not in str(answer.body).replace(" ", ""), answer


def test_calls_are_signed_with_the_new_secret_and_with_the_one_before(market: Market) -> None:
    [trader] = market.known("Connected Goods", connected=True)
    old = trader.system.secret
    issued = market.as_supplier(trader, "POST", "/endpoint-secrets")
    assert (issued.status, issued.body["old_valid_for_seconds"]) == (201, 24 * 3600)
    new = issued.body["secret"]
    assert new != old
    for known in (old, new):  # while it is being replaced a supplier may know either
        trader.system.secrets = (known,)
        before = len(trader.system.calls)
        changed = market.change(trader, "", {"trading_name": f"Connected {known[-6:]}"}, "PATCH")
        assert changed.status == 202, changed
        seen = verified(trader)
        assert (seen["status"], seen["findings"]) == ("approved", [])
        unsigned, signed = trader.system.calls[before:]
        assert (unsigned.status, signed.status, signed.signed) == (401, 404, True)
        assert len(signed.headers["webhook-signature"].split()) == 2
    trader.system.secrets = (signing.new_secret(),)
    assert market.change(trader, "", {"trading_name": "Connected at last"}, "PATCH").status == 202
    seen = until(lambda: (seen := trader.read())["check"] == "in_review" and seen)
    assert [one["rule"] for one in seen["findings"]] == ["endpoint.signature_refused"]
    assert seen["status"] == "approved", "it sells by what was approved before"
