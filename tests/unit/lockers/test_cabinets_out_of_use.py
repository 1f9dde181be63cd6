"""Cabinets that are taken out of use, by staff or by silence."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from chalicelib.lockers import service, tasks
from chalicelib.lockers.gateways import devices
from chalicelib.lockers.store import cabinets as store
from tests.conftest import ADMIN, ASSOCIATE, Reply
from tests.unit.lockers.conftest import Lockers, at_once, later, meeting
from tests.unit.lockers.test_routes import csr

MINUTE = 60


def take(lockers: Lockers, what: str, key: str | None = None, cabinet: str | None = None, **body: Any) -> Reply:
    path = f"/v1/cabinets/{cabinet or lockers.cabinet}/{what}"
    by = ADMIN if what == "retirements" else ASSOCIATE
    return lockers.shop.call("POST", path, by=by, json=body or None, key=key)


# ---- blocking -----------------------------------------------------------------------------------------------------------


def test_nothing_new_is_put_into_a_blocked_cabinet(lockers: Lockers) -> None:
    there = lockers.ready("S")
    blocked = take(lockers, "blocks", reason="wet")
    assert (blocked.status, blocked.json["status"], blocked.json["reason"]) == (200, "blocked", "wet")
    waiting = lockers.packed("M")
    assert lockers.read(waiting)["status"] == "waitlisted"
    assert lockers.confirm(there, lockers.code(there)).status == 200
    released = take(lockers, "releases")
    assert (released.json["status"], released.json["reason"]) == ("active", None)
    assert lockers.compartments()["2"] == ("reserved", waiting)
    assert [one for one in lockers.of_lockers() if one.startswith("Cabinet")] == ["CabinetBlocked", "CabinetReleased"]


def test_a_site_goes_on_with_its_other_cabinet(lockers: Lockers) -> None:
    take(lockers, "blocks", reason="wet")
    other = lockers.adds("S")
    assert lockers.read(lockers.packed("S"))["places"][0]["label"] == lockers.label("1", other)


# ---- retiring -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("policy")
def test_a_retired_cabinet_lets_nobody_in_and_its_device_may_be_another(lockers: Lockers) -> None:
    made = lockers.shop.call("POST", f"/v1/cabinets/{lockers.cabinet}/certificates", json={"csr": csr()})
    serial = lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["serial_number"]
    retired = take(lockers, "retirements", reason="sold")
    assert (retired.status, retired.json["status"]) == (200, "retired")
    assert set(lockers.statuses().values()) == {"blocked"}
    certificate = boto3.client("iot").describe_certificate(certificateId=made.json["certificate_id"])
    assert certificate["certificateDescription"]["status"] == "REVOKED"
    for what in ("blocks", "releases", "retirements"):
        again = take(lockers, what, reason="again") if what != "releases" else take(lockers, what)
        assert (again.status, again.code) == (409, "cabinet_retired")
    free = lockers.shop.call("POST", f"/v1/cabinets/{lockers.cabinet}/compartments/1/releases", by=ASSOCIATE)
    assert (free.status, free.code) == (409, "cabinet_retired")
    boxes = {"name": "Left", "serial_number": serial, "compartments": [{"number": "1", "size": "M"}]}
    assert lockers.shop.call("POST", "/v1/locker-sites/mall/cabinets", json=boxes).status == 201


def test_one_with_something_in_it_is_not_retired(lockers: Lockers) -> None:
    lockers.packed("S")
    refused = take(lockers, "retirements", reason="sold")
    assert (refused.status, refused.code) == (409, "compartment_taken")
    assert lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["status"] == "active"


def test_a_retirement_that_races_an_order_wins_or_loses_entirely(
    lockers: Lockers, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickup_id = lockers.packed("S", deliver=False)
    [packed] = lockers.events("FulfilmentPacked")
    meeting(monkeypatch, store, "compartments_of", 1)
    retired, _ = at_once(lambda: take(lockers, "retirements", reason="sold"), lambda: lockers.bring(packed))
    if retired.status == 200:
        assert lockers.read(pickup_id)["status"] == "waitlisted"
        assert {status for status, _ in lockers.compartments().values()} == {"blocked"}
    else:
        assert retired.code == "compartment_taken"
        assert lockers.compartments()["1"] == ("reserved", pickup_id)


def test_an_order_that_is_put_in_after_it_was_looked_at_is_not_lost(
    lockers: Lockers, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = store.compartments_of

    def and_meanwhile(cabinet_id: str) -> Any:
        found = looked(cabinet_id)
        monkeypatch.setattr(store, "compartments_of", looked)
        lockers.packed("S")
        return found

    monkeypatch.setattr(store, "compartments_of", and_meanwhile)
    refused = take(lockers, "retirements", reason="sold")
    assert (refused.status, refused.code) == (409, "compartment_taken")
    assert lockers.statuses()["1"] == "reserved"


@pytest.mark.usefixtures("policy")
def test_a_revocation_that_failed_is_made_up_for_by_asking_again(
    lockers: Lockers, monkeypatch: pytest.MonkeyPatch
) -> None:
    lockers.shop.call("POST", f"/v1/cabinets/{lockers.cabinet}/certificates", json={"csr": csr()})
    revoked: list[str] = []

    def fails(cabinet_id: str, certificate_id: str) -> None:
        raise ConnectionError("AWS IoT does not answer")

    monkeypatch.setattr(devices, "revoke", fails)
    assert take(lockers, "retirements", key="once", reason="sold").status == 500
    monkeypatch.setattr(devices, "revoke", lambda cabinet_id, certificate_id: revoked.append(cabinet_id))
    again = take(lockers, "retirements", key="once", reason="sold")
    assert (again.status, again.headers["idempotent-replayed"], revoked) == (200, "true", [lockers.cabinet])


# ---- silence ------------------------------------------------------------------------------------------------------------


def watch() -> Any:
    return tasks.lockers_tasks({"task": "watch_cabinets", "correlation_id": "c-1"}, None)


def connection(lockers: Lockers) -> Any:
    return lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["connection"]


def online(lockers: Lockers) -> bool:
    return bool(connection(lockers)["online"])


def test_a_cabinet_that_falls_silent_is_noticed_once(lockers: Lockers) -> None:
    lockers.says("status", online=True)
    with later(4 * MINUTE):
        assert (watch()["lost"], online(lockers)) == (0, True)
    with later(11 * MINUTE):
        assert (watch()["lost"], online(lockers)) == (1, False)
        assert watch()["lost"] == 0
        lockers.says("heartbeats", firmware="1.0.0")
        assert (online(lockers), watch()["lost"]) == (True, 0)


def test_a_line_that_stays_broken_is_noticed_and_one_that_is_mended_is_not(lockers: Lockers) -> None:
    lockers.says("status", online=True)
    with later(MINUTE):
        lockers.says("status", online=False)
        assert (watch()["lost"], online(lockers)) == (0, False)
    with later(3 * MINUTE):
        lockers.says("status", online=True)
        lockers.says("status", online=False)
    with later(7 * MINUTE):
        assert watch()["lost"] == 0
    with later(14 * MINUTE):
        since = connection(lockers)["since"]
        assert (watch()["lost"], watch()["lost"], online(lockers)) == (1, 0, False)
        assert connection(lockers)["since"] == since
        lockers.says("status", online=False)
        assert watch()["lost"] == 0
        lockers.says("status", online=True)
    with later(25 * MINUTE):
        assert watch()["lost"] == 1


def test_nobody_misses_a_retired_cabinet(lockers: Lockers) -> None:
    lockers.says("status", online=True)
    assert take(lockers, "retirements", reason="sold").status == 200
    with later(11 * MINUTE):
        assert (watch()["lost"], online(lockers)) == (0, False)


def test_whoever_beats_on_is_not_lost(lockers: Lockers) -> None:
    lockers.says("status", online=True)
    for minutes in range(1, 30, 4):
        with later(minutes * MINUTE):
            lockers.says("heartbeats", firmware="1.0.0")
            assert watch()["lost"] == 0
    assert online(lockers)


def test_one_that_speaks_while_it_is_looked_at_is_not_lost(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    lockers.says("status", online=True)
    put = store.put_connection

    def and_meanwhile(cabinet_id: str, connection: Any, at: str) -> bool:
        monkeypatch.setattr(store, "put_connection", put)
        lockers.says("heartbeats", firmware="1.0.0")
        return put(cabinet_id, connection, at)

    with later(11 * MINUTE):
        monkeypatch.setattr(store, "put_connection", and_meanwhile)
        assert (watch()["lost"], online(lockers)) == (0, True)


def test_many_silent_cabinets_are_all_noticed(lockers: Lockers) -> None:
    for _ in range(12):
        lockers.adds("S")
        lockers.says("status", online=True)
    with later(11 * MINUTE):
        assert service.watch_cabinets() == 12
