"""Who may ask lockers for what, and what is refused at the door."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app import app
from chalicelib.core.auth import Principal
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, Reply, a_machine, request
from tests.unit.lockers.conftest import HELD, Lockers, later, moment

CABINET = f"cab_{'0' * 26}"
PICKUP = f"pck_{'0' * 26}_1"
LABEL = f"{CABINET}/1"
RETURN = f"ret_{'0' * 26}_1"
DROP_OFF = f"drp_{'0' * 26}_1_1"

ADDRESS = {"line1": "60 E Broadway", "city": "Bloomington", "country": "US"}
SITE = {
    "name": "Station",
    "timezone": "America/Chicago",
    "position": {"latitude": 44.9, "longitude": -93.2},
    "address": ADDRESS,
    "opening_hours": {"mon": [["10:00", "21:30"]]},
}
BOXES = {"name": "Left", "serial_number": "SN-1", "compartments": [{"number": "1", "size": "M"}]}


def csr() -> str:
    """As a device makes it; its key stays there."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cabinet")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(generate_private_key(SECP256R1()), SHA256())
    return made.public_bytes(Encoding.PEM).decode()


FOR_ADMINS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/locker-sites", {"id": "station", **SITE}),
    ("PUT", "/v1/locker-sites/nowhere", SITE),
    ("POST", "/v1/locker-sites/nowhere/cabinets", BOXES),
    ("POST", f"/v1/cabinets/{CABINET}/certificates", {"csr": csr()}),
    ("POST", f"/v1/cabinets/{CABINET}/certificates/{'0' * 64}/revocations", None),
    ("POST", f"/v1/cabinets/{CABINET}/activations", None),
    ("POST", f"/v1/cabinets/{CABINET}/tokens", None),
    ("POST", f"/v1/cabinets/{CABINET}/token-revocations", None),
    ("POST", f"/v1/cabinets/{CABINET}/retirements", {"reason": "sold"}),
]
FOR_STAFF: list[tuple[str, str, Any]] = [
    ("GET", "/v1/locker-sites/mall/cabinets", None),
    ("GET", "/v1/locker-sites/mall/compartments", None),
    ("GET", "/v1/locker-sites/mall/pickups", None),
    ("GET", "/v1/locker-sites/mall/figures", None),
    ("GET", f"/v1/cabinets/{CABINET}", None),
    ("GET", f"/v1/cabinets/{CABINET}/configuration", None),
    ("PUT", f"/v1/cabinets/{CABINET}/configuration", {}),
    ("GET", f"/v1/cabinets/{CABINET}/timeline", None),
    ("GET", f"/v1/cabinets/{CABINET}/commands/cmd_1", None),
    ("POST", f"/v1/cabinets/{CABINET}/blocks", {"reason": "wet"}),
    ("POST", f"/v1/cabinets/{CABINET}/releases", None),
    ("POST", f"/v1/cabinets/{CABINET}/compartments/1/openings", {"reason": "look"}),
    ("POST", f"/v1/cabinets/{CABINET}/compartments/1/blocks", {"reason": "wet"}),
    ("POST", f"/v1/cabinets/{CABINET}/compartments/1/releases", None),
    ("GET", f"/v1/pickups/{PICKUP}", None),
    ("POST", f"/v1/pickups/{PICKUP}/loadings", {"compartment": LABEL, "packages": ["p1"]}),
    ("POST", f"/v1/pickups/{PICKUP}/clearings", {"compartment": LABEL}),
    ("POST", f"/v1/pickups/{PICKUP}/relocations", {"from_compartment": LABEL, "to_compartment": LABEL}),
    ("POST", f"/v1/pickups/{PICKUP}/handovers", None),
    ("POST", f"/v1/pickups/{PICKUP}/passcode-requests", None),
    ("GET", "/v1/locker-sites/mall/drop-offs", None),
    ("POST", f"/v1/drop-offs/{DROP_OFF}/clearings", {}),
]
FOR_WHOSE_IT_IS: list[tuple[str, str, Any]] = [
    ("POST", f"/v1/pickups/{PICKUP}/extensions", None),
    ("POST", f"/v1/pickups/{PICKUP}/delegates", None),
    ("POST", f"/v1/pickups/{PICKUP}/delegate-revocations", None),
]
FOR_WHO_BRINGS_BACK: list[tuple[str, str, Any]] = [
    ("POST", f"/v1/returns/{RETURN}/drop-offs", {"site_id": "mall"}),
    ("GET", f"/v1/drop-offs/{DROP_OFF}", None),
]
FOR_EVERYBODY: list[tuple[str, str, Any]] = [
    ("GET", "/v1/locker-sites?latitude=44.85&longitude=-93.24", None),
    ("GET", "/v1/locker-sites/mall", None),
    ("POST", f"/v1/pickups/{PICKUP}/confirmations", {"code": "12345678"}),
    ("POST", f"/v1/pickups/{PICKUP}/code-extensions", {"code": "12345678"}),
    ("GET", f"/v1/pickups/{PICKUP}/directions", None),
    ("GET", f"/v1/pickups/{PICKUP}/page", None),
]
FOR_DEVICES: list[tuple[str, str, Any]] = [
    ("GET", f"/v1/cabinets/{CABINET}/commands", None),
    (
        "POST",
        f"/v1/cabinets/{CABINET}/messages",
        {"channel": "status", "message": {"message_id": "1", "at": "2026-01-01T00:00:00Z", "online": True}},
    ),
]
FOR_FUNCTIONS: list[tuple[str, str, Any]] = [("POST", f"/v1/internal/pickups/{PICKUP}/passcodes", {})]


def send(method: str, path: str, body: Any = None, by: Principal | None = None, **headers: str) -> Reply:
    sent = {"Idempotency-Key": f"{method} {path} {by.id if by else ''}", "If-Match": '"1"', **headers}
    path, _, query = path.partition("?")
    return request(app, method, f"{path}?{query}" if query else path, json=body, by=by, headers=sent)


def refused(routes: list[tuple[str, str, Any]], by: Principal | None) -> set[int]:
    """With what of 401 and 403 these routes answer, 0 for anything else."""
    statuses = {f"{method} {path}": send(method, path, body, by).status for method, path, body in routes}
    assert 500 not in statuses.values(), statuses
    return {status if status in (401, 403) else 0 for status in statuses.values()}


@pytest.mark.parametrize(
    ("by", "admins", "staff", "owners", "functions"),
    [
        (None, {401}, {401}, {401}, {403}),
        (SHOPPER, {403}, {403}, {0}, {403}),
        (SUPPLIER, {403}, {403}, {0}, {403}),
        (ASSOCIATE, {403}, {0}, {0}, {403}),
        (ADMIN, {0}, {0}, {0}, {403}),
        (a_machine("lockers.write"), {0}, {0}, {401}, {403}),
        (a_machine("orders.write"), {401}, {401}, {401}, {403}),
    ],
    ids=["nobody", "shopper", "supplier", "associate", "admin", "machine", "another machine"],
)
def test_who_may_ask_for_what(
    lockers: Lockers, by: Principal | None, admins: set[int], staff: set[int], owners: set[int], functions: set[int]
) -> None:
    assert refused(FOR_ADMINS, by) == admins
    assert refused(FOR_STAFF, by) == staff
    assert refused(FOR_WHOSE_IT_IS, by) == owners
    assert refused(FOR_WHO_BRINGS_BACK, by) == ({403} if by is SUPPLIER else owners)
    assert refused(FOR_EVERYBODY, by) == {0}
    assert refused(FOR_DEVICES, by) == {401}
    assert refused(FOR_FUNCTIONS, by) == functions


def test_every_route_of_lockers_is_among_them() -> None:
    def shape(path: str) -> str:
        parts = path.partition("?")[0].split("/")
        ids = {CABINET, PICKUP, RETURN, DROP_OFF, "mall", "nowhere", "cmd_1", "0" * 64, "1"}
        return "/".join("{}" if part in ids or part.startswith("{") else part for part in parts)

    tested = {
        (method, shape(path))
        for routes in (
            FOR_ADMINS,
            FOR_STAFF,
            FOR_WHOSE_IT_IS,
            FOR_WHO_BRINGS_BACK,
            FOR_EVERYBODY,
            FOR_DEVICES,
            FOR_FUNCTIONS,
        )
        for method, path, _ in routes
    }
    ours = ("/v1/locker-sites", "/v1/cabinets", "/v1/pickups", "/v1/drop-offs", "/v1/internal/pickups")
    there = {
        (method, shape(path))
        for path, by_method in app.routes.items()
        if path.startswith(ours) or path.endswith("/drop-offs")
        for method in by_method
    }
    assert tested == there


LONG = "x" * 201


@pytest.mark.parametrize(
    ("method", "path", "body", "pointers"),
    [
        ("POST", "/v1/locker-sites", {"id": "Station", **SITE}, ["/id"]),
        ("POST", "/v1/locker-sites", {"id": "station", **SITE, "timezone": "Mars/Base"}, ["/timezone"]),
        (
            "POST",
            "/v1/locker-sites",
            {"id": "station", **SITE, "opening_hours": {"mon": [["25:00", "26:00"]]}},
            ["/opening_hours/mon/0/0", "/opening_hours/mon/0/1"],
        ),
        (
            "POST",
            "/v1/locker-sites",
            {"id": "station", **SITE, "opening_hours": {"mon": [["10:00", "10:00"]]}},
            ["/opening_hours"],
        ),
        ("POST", "/v1/locker-sites", {"id": "station", **SITE, "special_days": {"2026-02-30": []}}, ["/special_days"]),
        ("POST", "/v1/locker-sites", {"id": "station", **SITE, "code_digits": 4}, ["/code_digits"]),
        (
            "POST",
            "/v1/locker-sites",
            {"id": "station", **SITE, "hold": {"window_seconds": 60, "reminder_seconds": 61}},
            ["/hold"],
        ),
        ("PUT", "/v1/locker-sites/mall", {**SITE, "id": "other"}, ["/id"]),
        ("POST", "/v1/locker-sites/mall/cabinets", {**BOXES, "compartments": []}, ["/compartments"]),
        (
            "POST",
            "/v1/locker-sites/mall/cabinets",
            {**BOXES, "compartments": [{"number": "1", "size": "M"}] * 2},
            ["/compartments"],
        ),
        (
            "POST",
            "/v1/locker-sites/mall/cabinets",
            {**BOXES, "compartments": [{"number": "a b", "size": "XXL"}]},
            ["/compartments/0/number", "/compartments/0/size"],
        ),
        ("POST", f"/v1/cabinets/{CABINET}/certificates", {"csr": "x" * 200}, ["/csr"]),
        ("POST", f"/v1/cabinets/{CABINET}/compartments/1/openings", {"purpose": "pickup"}, ["/purpose", "/reason"]),
        ("POST", f"/v1/cabinets/{CABINET}/compartments/1/blocks", {"reason": LONG}, ["/reason"]),
        (
            "POST",
            f"/v1/pickups/{PICKUP}/loadings",
            {"compartment": "1", "packages": []},
            ["/compartment", "/packages"],
        ),
        ("POST", f"/v1/pickups/{PICKUP}/clearings", {"compartment": LABEL.upper()}, ["/compartment"]),
        ("POST", f"/v1/pickups/{PICKUP}/relocations", {"from_compartment": LABEL}, ["/to_compartment"]),
        ("POST", f"/v1/pickups/{PICKUP}/confirmations", {"code": 12345678}, ["/code"]),
        ("GET", "/v1/locker-sites?latitude=91&longitude=0", None, ["/latitude"]),
        ("GET", "/v1/locker-sites?latitude=0&longitude=0&radius_km=101", None, ["/radius_km"]),
        ("GET", "/v1/locker-sites/mall/pickups?status=lost", None, ["/status"]),
        ("GET", "/v1/locker-sites/mall/figures?since=yesterday", None, ["/since"]),
    ],
)
def test_what_is_malformed_is_named(call: Any, method: str, path: str, body: Any, pointers: list[str]) -> None:
    reply = send(method, path, body, ADMIN)
    assert (reply.status, [one["pointer"] for one in reply.json["errors"]]) == (400, pointers)


def test_a_site_is_made_once_and_changed_by_who_knows_it(lockers: Lockers) -> None:
    made = send("POST", "/v1/locker-sites", {"id": "station", **SITE}, ADMIN)
    assert (made.status, made.etag, made.headers["location"]) == (201, '"1"', "/v1/locker-sites/station")
    assert send("POST", "/v1/locker-sites", {"id": "station", **SITE}, ADMIN).headers["idempotent-replayed"] == "true"
    taken = send("POST", "/v1/locker-sites", {"id": "station", **SITE}, ADMIN, **{"Idempotency-Key": "other"})
    assert (taken.status, taken.code) == (409, "locker_site_exists")
    changed = send("PUT", "/v1/locker-sites/station", {**SITE, "name": "Main station"}, ADMIN)
    assert (changed.status, changed.etag, changed.json["name"]) == (200, '"2"', "Main station")
    stale = send("PUT", "/v1/locker-sites/station", SITE, ADMIN)
    assert (stale.status, stale.code) == (412, "stale_version")
    assert send("GET", "/v1/locker-sites/station").json == changed.json


def test_what_lies_in_a_locker_keeps_its_window(lockers: Lockers) -> None:
    pickup_id = lockers.packed("S")
    changes = {**SITE, "opening_hours": {}, "hold": {"window_seconds": 60, "reminder_seconds": 10}}
    assert send("PUT", "/v1/locker-sites/mall", changes, ADMIN).status == 200
    [place] = lockers.read(pickup_id)["places"]
    shown = lockers.load(pickup_id, place).json
    assert (moment(shown["expires_at"]) - moment(shown["ready_at"])).total_seconds() == HELD


def test_the_nearest_sites_come_first(lockers: Lockers) -> None:
    lockers.site("near", position={"latitude": 44.86, "longitude": -93.24})
    lockers.site("closed", position={"latitude": 44.86, "longitude": -93.24}, opening_hours={})
    lockers.site("paused", position={"latitude": 44.86, "longitude": -93.24}, status="paused")
    lockers.site("far", position={"latitude": 46.0, "longitude": -93.24})
    path = "/v1/locker-sites?latitude=44.86&longitude=-93.24"
    found = send("GET", path).json["items"]
    assert [(one["id"], one["distance_km"], one["open"]) for one in found] == [
        ("closed", 0.0, False),
        ("near", 0.0, True),
        ("mall", 1.112, True),
    ]
    assert [one["id"] for one in send("GET", f"{path}&open_now=true&limit=1").json["items"]] == ["near"]


def test_a_serial_number_is_one_cabinet(lockers: Lockers) -> None:
    first = send("POST", "/v1/locker-sites/mall/cabinets", BOXES, ADMIN)
    assert (first.status, first.json["compartments"][0]["inside_mm"]) == (201, [190, 380, 640])
    again = send("POST", "/v1/locker-sites/mall/cabinets", BOXES, ADMIN, **{"Idempotency-Key": "other"})
    assert (again.status, again.code) == (409, "serial_number_taken")
    nowhere = send("POST", "/v1/locker-sites/nowhere/cabinets", {**BOXES, "serial_number": "SN-2"}, ADMIN)
    assert nowhere.status == 404
    shown = send("GET", "/v1/locker-sites/mall/cabinets?limit=1", by=ASSOCIATE).json
    more = send("GET", f"/v1/locker-sites/mall/cabinets?cursor={shown['next_cursor']}", by=ASSOCIATE).json
    assert {one["id"] for one in shown["items"] + more["items"]} == {lockers.cabinet, first.json["id"]}


def test_staff_lists_compartments_and_pickups_by_status(lockers: Lockers) -> None:
    first, second = lockers.packed("S"), lockers.packed("M")
    shown = send("GET", "/v1/locker-sites/mall/compartments?status=reserved", by=ASSOCIATE).json["items"]
    assert [(one["number"], one["pickup_id"]) for one in shown] == [("1", first), ("2", second)]
    path = "/v1/locker-sites/mall/pickups?status=allocated&limit=1"
    page = send("GET", path, by=ASSOCIATE).json
    assert [one["id"] for one in page["items"]] == [first]
    last = send("GET", f"{path}&cursor={page['next_cursor']}", by=ASSOCIATE).json
    assert [(one["id"], one["compartments"]) for one in last["items"]] == [(second, [lockers.label("2")])]


def test_a_device_gets_a_certificate_until_it_is_revoked(lockers: Lockers, policy: str) -> None:
    iot = boto3.client("iot")
    path = f"/v1/cabinets/{lockers.cabinet}/certificates"
    made = send("POST", path, {"csr": csr()}, ADMIN)
    assert (made.status, made.json["status"]) == (201, "active")
    assert made.json["certificate_pem"].startswith("-----BEGIN CERTIFICATE-----")
    certificate = made.json["certificate_id"]
    arn = iot.describe_certificate(certificateId=certificate)["certificateDescription"]["certificateArn"]
    assert iot.list_thing_principals(thingName=lockers.cabinet)["principals"] == [arn]
    assert [one["policyName"] for one in iot.list_attached_policies(target=arn)["policies"]] == [policy]

    def shown() -> Any:
        return send("GET", f"/v1/cabinets/{lockers.cabinet}", by=ASSOCIATE).json["certificates"]

    assert shown() == {certificate: "active"}
    first = lockers.cabinet
    other = lockers.adds("S")
    assert send("POST", f"/v1/cabinets/{other}/certificates/{certificate}/revocations", by=ADMIN).status == 404
    assert send("POST", f"{path}/{certificate}/revocations", by=ADMIN).status == 204
    lockers.cabinet = first
    assert shown() == {certificate: "revoked"}
    assert iot.describe_certificate(certificateId=certificate)["certificateDescription"]["status"] == "REVOKED"
    assert iot.list_attached_policies(target=arn)["policies"] == []


def test_codes_are_issued_to_our_own_function(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    function = Principal("function", "aisle-test-lockers-on-order-ready")
    path = f"/v1/internal/pickups/{pickup_id}/passcodes"
    made = send("POST", path, {"whose": "shopper"}, function)
    assert (made.status, made.headers["cache-control"], made.json["whose"]) == (201, "no-store", "shopper")
    assert made.json["expires_at"] == lockers.read(pickup_id)["expires_at"]
    assert lockers.confirm(pickup_id, made.json["code"]).status == 200
    again = send("POST", path, {}, function)
    assert (again.status, again.code) == (409, "pickup_out_of_turn")
    assert send("POST", path, {"whose": "anybody"}, function).status == 400
    assert send("POST", f"/v1/internal/pickups/{PICKUP}/passcodes", {}, function).status == 404


def test_the_page_runs_nothing_but_itself(lockers: Lockers) -> None:
    page = send("GET", f"/v1/pickups/{PICKUP}/page")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_directions_tell_nothing_of_the_order(lockers: Lockers) -> None:
    pickup_id = lockers.packed("S")
    shown = send("GET", f"/v1/pickups/{pickup_id}/directions").json
    assert sorted(shown) == ["address", "name", "open", "opening_hours", "position", "timezone"]
    assert (shown["name"], shown["open"]) == ("Mall of America", True)
    with later(60):
        assert send("GET", f"/v1/pickups/{PICKUP}/directions").status == 404
