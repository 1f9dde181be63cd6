"""Invitations and members; what is another's is not found; who comes first wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from app import app
from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.http import OPERATIONS
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.inventory import service as inventory
from chalicelib.suppliers import service
from chalicelib.suppliers.service import apply, run_onboarding
from tests.conftest import ADMIN, SHOPPER, a_machine
from tests.unit.suppliers.builders import a_profile, another
from tests.unit.suppliers.conftest import ALICE, BOB, MACHINE, Market, a_user

WORKFLOW = system("suppliers")


def invite(market: Market, by: Any = ADMIN, key: str | None = None, **profile: Any) -> Any:
    body = {"email": "ada@redmugs.example.com", "profile": profile}
    return market.call("POST", "/v1/supplier-invitations", by=by, json=body, key=key)


def accept(market: Market, token: str, by: Any = ALICE, key: str | None = None, **profile: Any) -> Any:
    body = {"token": token, "profile": profile, "attestations": ["terms"]}
    return market.call("POST", "/v1/supplier-invitations/acceptances", by=by, json=body, key=key)


def test_who_is_invited_applies_with_what_is_known(market: Market) -> None:
    made = invite(market, key="k", trading_name="Redd Mugs", timezone="Europe/Paris")
    assert made.status == 201
    supplier_id, token = made.json["supplier_id"], made.json["token"]
    assert token not in market.everything()
    assert (invite(market, key="k", trading_name="Redd Mugs", timezone="Europe/Paris").json["token"]) is None
    assert market.read(supplier_id)["status"] == "invited"
    assert [row["id"] for row in market.call("GET", "/v1/suppliers?status=invited").json["items"]] == [supplier_id]
    said = {name: value for name, value in a_profile().items() if name != "timezone"}
    reply = accept(market, token, key="once", **said)
    assert (reply.status, reply.json["id"], reply.json["status"]) == (202, supplier_id, "applied")
    assert (reply.json["proposed"]["trading_name"], reply.json["proposed"]["timezone"]) == ("Red Mugs", "Europe/Paris")
    assert accept(market, token, key="once", **said).headers["idempotent-replayed"] == "true"
    assert market.run(supplier_id) == "approved"
    done = ["SupplierInvited", "SupplierApplied", "SupplierSubmitted", "SupplierApproved"]
    assert market.events(supplier_id) == done
    assert market.call("GET", "/v1/suppliers/me", by=ALICE).json["id"] == supplier_id


@pytest.mark.parametrize(
    "unseen", ["\x1c", "\x1f", "\x00", "\x7f", "\x85", "Red\x1cMugs", "Red\nMugs", " ", "\u00a0", ""]
)
def test_a_text_that_nobody_sees_is_refused(market: Market, unseen: str) -> None:
    said = dict.fromkeys(("trading_name", "timezone", "endpoint_url"), unseen)
    contact = {"role": "primary", "email": unseen, "phone": unseen}
    reply = market.apply(**said, contacts=[contact], service_countries=["GB", unseen])
    assert reply.status == 400
    assert {fault["pointer"] for fault in reply.json["errors"]} == {
        "/profile/trading_name",
        "/profile/timezone",
        "/profile/endpoint_url",
        "/profile/contacts/0/email",
        "/profile/contacts/0/phone",
        "/profile/service_countries/1",
    }


def test_an_invitation_serves_once_and_for_a_fortnight(market: Market) -> None:
    token = invite(market).json["token"]
    assert accept(market, "inv_" + "x" * 43).code == "invitation_refused"
    with clock.at(clock.now() + timedelta(days=14, seconds=1)):
        assert accept(market, token).code == "invitation_refused"
    assert accept(market, token, by=SHOPPER).status == 403
    assert accept(market, token).status == 202
    assert accept(market, token, by=BOB).code == "invitation_refused"


def test_who_is_invited_cannot_be_changed_before(market: Market) -> None:
    supplier_id = invite(market).json["supplier_id"]
    assert market.changed(supplier_id, trading_name="X").code == "supplier_status"
    assert market.call("POST", f"/v1/suppliers/{supplier_id}/submissions").code == "supplier_status"


def test_only_the_operator_invites(market: Market) -> None:
    assert invite(market, by=ALICE).status == 403
    assert invite(market, by=MACHINE).status == 201


# ---- members ----


def test_a_machine_client_acts_for_the_supplier(market: Market) -> None:
    supplier_id = market.applied()
    client = a_machine("suppliers.self", id="client-alice")
    path = f"/v1/suppliers/{supplier_id}/members"
    assert market.call("GET", f"/v1/suppliers/{supplier_id}", by=client).status == 404
    reply = market.call("POST", path, by=ALICE, json={"client_id": "client-alice"})
    assert (reply.status, reply.json) == (201, {"id": "machine:client-alice"})
    assert market.read(supplier_id, by=client)["id"] == supplier_id
    assert market.call("GET", "/v1/suppliers/me", by=client).json["id"] == supplier_id
    assert market.call("POST", path, json={"client_id": "client-alice"}).code == "already_member"
    listed = market.call("GET", path, by=client).json["items"]
    assert [row["id"] for row in listed] == ["machine:client-alice", "user:usr_alice"]
    gone = f"{path}/machine%3Aclient-alice"
    assert market.call("DELETE", gone, by=ALICE).status == 428
    assert market.call("DELETE", gone, by=ALICE, headers={"If-Match": '"7"'}).status == 412
    assert market.call("DELETE", gone, by=ALICE, headers={"If-Match": '"1"'}).status == 204
    assert market.call("GET", f"/v1/suppliers/{supplier_id}", by=client).status == 404
    assert market.call("DELETE", gone, by=ALICE, headers={"If-Match": '"1"'}).status == 404


def test_nobody_removes_anothers_members(market: Market) -> None:
    alice, bob = market.applied(), market.applied(BOB, **another())
    path, headers = f"/v1/suppliers/{alice}/members/user%3Ausr_bob", {"If-Match": '"1"'}
    assert market.call("DELETE", path, by=ALICE, headers=headers).status == 404
    assert market.call("GET", "/v1/suppliers/me", by=BOB).json["id"] == bob


# ---- isolation ----

SUPPLIERS_OWN = [
    operation
    for operation in OPERATIONS
    if operation.path.startswith("/v1/suppliers/{supplier_id}") and operation.tag == "suppliers"
]
BODIES: dict[str, Any] = {
    "change_supplier": {"timezone": "UTC"},
    "add_supplier_member": {"client_id": "c"},
    "suspend_supplier": {"reason": "x"},
    "offboard_supplier": {"reason": "x"},
    "set_supplier_bank_account": {
        "holder": "X",
        "country": "GB",
        "currency": "GBP",
        "iban": "GB33BUKB20201555555555",
    },
    "set_endpoint_token": {"bearer_token": "x"},
    "attest_requirement": {"code": "terms"},
    "waive_requirement": {"code": "terms", "reason": "x"},
    "announce_document": {
        "type": "registration",
        "filename": "a.pdf",
        "content_type": "application/pdf",
        "bytes": 5,
        "sha256": "0" * 64,
    },
    "decide_document": {"decision": "verified"},
}


def operations(market: Market, operation: Any, supplier_id: str, by: Any) -> Any:
    parts = {"supplier_id": supplier_id, "member_id": "user%3Ausr_alice", "number": "1"}
    path = operation.path.format(**parts, document_id="doc_01J9Z3K4M5N6P7Q8R9S0T1V2W3")
    headers = {"If-Match": '"1"'} if operation.versioned else {}
    return market.call(operation.method, path, by=by, json=BODIES.get(operation.name), headers=headers)


@pytest.mark.parametrize("operation", SUPPLIERS_OWN, ids=lambda operation: operation.name)
def test_what_is_another_suppliers_is_not_found(market: Market, operation: Any) -> None:
    alice = market.applied()
    market.applied(BOB, **another())
    before = market.read(alice)
    client = a_machine("suppliers.self", id="client-stranger")
    operators = set(operation.scopes) == {"suppliers.write"}
    for by in (BOB, a_user("usr_carol")):
        assert operations(market, operation, alice, by).status == (403 if operators else 404)
    assert operations(market, operation, alice, client).status == (401 if operators else 404)
    assert operations(market, operation, alice, SHOPPER).status == 403
    assert market.read(alice) == before


@pytest.mark.parametrize("operation", SUPPLIERS_OWN, ids=lambda operation: operation.name)
@pytest.mark.parametrize("supplier_id", ["sup_01J9Z3K4M5N6P7Q8R9S0T1V2W3", "sup_1", "x%23y"])
def test_who_is_not_there_is_not_found(market: Market, operation: Any, supplier_id: str) -> None:
    expected = 403 if operation.name == "attest_requirement" else 404
    assert operations(market, operation, supplier_id, ADMIN).status == expected


def test_there_are_as_many_routes_as_thought() -> None:
    assert len(SUPPLIERS_OWN) == 23
    assert app is not None


# ---- races ----


def at_once(*calls: Any) -> list[Any]:
    """What each gives, or the error it ends in."""
    barrier = Barrier(len(calls))

    def run(call: Any) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return type(error).__name__

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def verified(market: Market, by: Any = ALICE, **changes: Any) -> str:
    supplier_id = market.applied(by, **changes)
    market.step("verify_profile", supplier_id)
    return supplier_id


@pytest.mark.parametrize("round", range(3))
def test_two_approvals_at_once_approve_once(market: Market, round: int) -> None:
    supplier_id = verified(market)
    outcomes = at_once(*[lambda: run_onboarding.decide(supplier_id, 1, WORKFLOW)["outcome"]] * 4)
    assert outcomes == ["approved"] * 4
    assert market.events(supplier_id).count("SupplierApproved") == 1
    assert inventory.read_location(supplier_id, ADMIN).version == 1


@pytest.mark.parametrize("round", range(3))
def test_of_two_with_one_legal_entity_one_is_approved(market: Market, round: int) -> None:
    first = verified(market)
    same = {name: value for name, value in another().items() if name != "legal_entity"}
    second = verified(market, BOB, **same)
    outcomes = at_once(
        lambda: run_onboarding.decide(first, 1, WORKFLOW)["outcome"],
        lambda: run_onboarding.decide(second, 1, WORKFLOW)["outcome"],
    )
    assert sorted(outcomes) == ["approved", "needs_review"]
    loser = second if outcomes[0] == "approved" else first
    assert market.rules(loser) == {"identity.legal_entity_taken"}
    assert service.find_seller(loser).sells is False


@pytest.mark.parametrize("round", range(3))
def test_an_approval_and_a_change_at_once(market: Market, round: int) -> None:
    supplier_id = verified(market)
    version = market.read(supplier_id)["version"]
    outcomes = at_once(
        lambda: run_onboarding.decide(supplier_id, 1, WORKFLOW)["outcome"],
        lambda: apply.change_profile(supplier_id, version, {"timezone": "UTC"}, by=ALICE).submission,
    )
    one = market.read(supplier_id)
    if outcomes[0] == "approved":
        assert (outcomes[1], one["status"], one["approved"]["timezone"]) == ("Stale", "approved", "Europe/London")
    else:
        assert outcomes[0] == "superseded"
        assert (one["check"], one["approved"], one["proposed"]["timezone"]) == ("verifying", None, "UTC")


def test_of_two_who_accept_one_invitation_one_applies(market: Market) -> None:
    token = invite(market).json["token"]

    def take(by: Any) -> Any:
        once = Idempotency.of("test", uuid4().hex, b"")
        return apply.accept_invitation(token, a_profile(), (), by=by, once=once, answer=lambda _: no_answer()).status

    outcomes = at_once(lambda: take(ALICE), lambda: take(BOB))
    assert [outcome for outcome in outcomes if outcome == 204] == [204]
