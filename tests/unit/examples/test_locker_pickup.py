"""An order on its way into a locker and out of it, hop by hop, with a system that answers by the book, or does not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from examples.locker_pickup import __main__ as command
from examples.locker_pickup import device
from examples.locker_pickup.pickup import Collection, Late, Refused, Watch, passcode_in
from examples.locker_pickup.registry import NoCabinet
from examples.locker_pickup.shop import PHONE
from examples.online_retail.api import Problem, Reply
from examples.online_retail.stack import NoStack, Stack
from infra.local.lockers.board import Answer
from infra.local.lockers.happenings import Happening, Happenings, Kind
from tests.unit.examples.test_stack import RECORD

ORDER, PART, PICKUP, CABINET = "ord_01A", "ful_01A_1", "pck_01A_1", "cab_01A"
SITE = {"id": "best-buy-8005", "name": "Airport", "address": {"city": "Minneapolis"}, "distance_km": 1.2, "open": True}
PLACE = {"label": f"{CABINET}/7", "cabinet_id": CABINET, "number": "7", "package_ids": ["P1"]}
ALL_HOPS = [
    "placed",
    "paid",
    "packed",
    "allocated",
    "loaded",
    "texted",
    "keyed",
    "commanded",
    "opened",
    "acknowledged",
    "delivered",
    "captured",
    "closed",
    "free",
]


class System:
    """A system, its outbox and a cabinet that each do what they should, but for the hop that is `missing`."""

    def __init__(self, missing: str = "", shows: Answer | None = None) -> None:
        self.id = CABINET
        self.missing = missing
        self.shows = shows or Answer("accepted", ("7",))
        self.happenings = Happenings()
        self.posted: list[tuple[str, Any]] = []
        self.typed: list[str] = []

    # ---- the API ----

    def post(self, path: str, body: Any, *, key: str) -> Reply:
        self.posted.append((path, body))
        if path.endswith("/loadings"):
            assert body == {"compartment": PLACE["label"], "packages": ["P1"]}
            return Reply(200, {"id": PICKUP, "places": [PLACE]}, False)
        return Reply(202, {"id": ORDER}, False)

    def get(self, path: str) -> Any:
        if path.startswith("/v1/pickups/"):
            return self._pickup()
        if path.startswith("/v1/cabinets/"):
            return {"compartments": [{"number": "7", "status": self._is("free", "free", "occupied")}]}
        if path.endswith("/payment"):
            return {"captured": self._is("captured", 4999, 0), "amount": 4999, "status": "authorised"}
        status = "delivered" if self._has_opened() and self.missing != "delivered" else "confirmed"
        return {"id": ORDER, "status": self._is("paid", status, "placed"), "fulfilments": [{"id": PART}]}

    def _pickup(self) -> Any:
        if not any(path.endswith("/answers") for path, _ in self.posted):
            raise Problem("GET", 404, {"code": "not_found"})
        return {"id": PICKUP, "status": self._is("allocated", "allocated", "waitlisted"), "places": [PLACE]}

    def _is(self, hop: str, so: Any, else_: Any) -> Any:
        return else_ if self.missing == hop else so

    def _has_opened(self) -> bool:
        return self.happenings.count("opened", about="cmd_new") > 0

    # ---- the outbox ----

    def texts_to(self, phone: str) -> list[str]:
        assert phone == PHONE
        others = "Ada, collect it. Code 11111111: https://x/v1/pickups/pck_00B_1/page#11111111"
        return [others, *self._is("texted", [others.replace("pck_00B_1", PICKUP).replace("1" * 8, "12345678")], [])]

    # ---- the cabinet ----

    def enter(self, code: str, timeout: float) -> Answer:
        self.typed.append(code)
        if self.missing == "keyed":
            raise TimeoutError
        self.happens("answered", compartment=None)
        for kind in ("commanded", "opened", "acknowledged", "closed"):
            if kind == self.missing:
                break
            self.happens(kind, about=None if kind == "closed" else "cmd_new")
        return self.shows

    def happens(self, kind: Kind, compartment: str | None = "7", about: str | None = None) -> None:
        self.happenings.add(Happening(time.monotonic(), datetime.now(UTC), kind, compartment, about))


def collected(system: System, patience: float = 0.3) -> Watch:
    """The watch over an order that went all the way."""
    watch = Watch(patience)
    everyone: Any = system
    Collection(everyone, everyone, everyone, everyone, watch).run(SITE)
    return watch


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.locker_pickup.pickup.LOOK_SECONDS", 0.005)


def test_every_hop_comes_and_has_its_time() -> None:
    system = System()
    steps = collected(system).steps()
    assert sorted(hop.name for hop, _ in steps) == sorted(ALL_HOPS)
    assert [hop.name for hop, _ in steps][:10] == ALL_HOPS[:10]
    assert all(seconds >= 0 for _, seconds in steps)
    assert system.typed == ["12345678"]
    paths = [path for path, _ in system.posted]
    assert paths == [
        "/v1/inventory/receipts",
        "/v1/orders",
        f"/v1/fulfilments/{PART}/answers",
        f"/v1/pickups/{PICKUP}/loadings",
    ]
    assert system.posted[1][1]["pickup"] == {"site_id": "best-buy-8005"}


@pytest.mark.parametrize("hop", sorted(set(ALL_HOPS) - {"placed", "packed", "loaded"}))
def test_a_hop_that_does_not_come_ends_the_run_and_is_named(hop: str) -> None:
    with pytest.raises(Late, match=f"“{hop}” did not come within 0.3 s"):
        collected(System(missing=hop))


def test_what_was_seen_last_is_said() -> None:
    with pytest.raises(Late, match=r"last seen: waitlisted$"):
        collected(System(missing="allocated"))


@pytest.mark.parametrize(
    ("shown", "words"), [(Answer("refused"), "refused"), (Answer("accepted", ("7",), offline=True), "by itself")]
)
def test_a_code_that_the_system_did_not_accept_is_no_pickup(shown: Answer, words: str) -> None:
    with pytest.raises(Refused, match=words):
        collected(System(shows=shown))


def test_a_command_that_an_earlier_run_left_on_the_line_is_not_taken_for_ours() -> None:
    system = System()
    for kind in ("commanded", "opened", "acknowledged", "closed"):
        system.happens(kind, about=None if kind == "closed" else "cmd_old")
    steps = collected(system).steps()
    assert [hop.name for hop, _ in steps][:10] == ALL_HOPS[:10]

    system = System(missing="commanded")
    for kind in ("commanded", "opened", "acknowledged", "closed"):
        system.happens(kind, about=None if kind == "closed" else "cmd_old")
    with pytest.raises(Late, match="“commanded”"):
        collected(system)


def test_the_passcode_is_the_latest_of_this_pickup() -> None:
    def text(pickup_id: str, code: str) -> str:
        return f"Code {code}: https://shop.example/v1/pickups/{pickup_id}/page#{code}"

    texts = [text(PICKUP, "11111111"), text(PICKUP, "222222"), text("pck_01B_1", "33333333")]
    assert passcode_in(texts, PICKUP) == "222222"
    assert passcode_in(texts, "pck_01C_1") is None


# ---- the cabinet's certificate ------------------------------------------------------------------------------------------


class Registrar:
    """Issues certificates and revokes them."""

    def __init__(self) -> None:
        self.revoked: list[str] = []

    def post(self, path: str, body: Any, *, key: str) -> Reply:
        assert path == f"/v1/cabinets/{CABINET}/certificates"
        assert body["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")
        return Reply(201, {"certificate_id": "c1", "certificate_pem": "PEM"}, False)

    def call(self, method: str, path: str) -> Reply:
        self.revoked.append(f"{method} {path}")
        return Reply(204, None, False)


class Silent:
    """A cabinet that may be greeted, and notes what is done with it."""

    def __init__(self, greeted: bool) -> None:
        self.id = CABINET
        self.happenings = Happenings()
        self.stopped = False
        self._greeted = greeted

    def start(self) -> Silent:
        if self._greeted:
            self.happenings.add(Happening(0.0, datetime.now(UTC), "welcomed"))
        return self

    def stop(self, patience: float) -> None:
        self.stopped = True


def a_stack(tmp_path: Path, **more: Any) -> Stack:
    (tmp_path / "stack.json").write_text(json.dumps({**RECORD, **more}))
    return Stack.read(tmp_path / "stack.json")


REVOCATION = [f"POST /v1/cabinets/{CABINET}/certificates/c1/revocations"]
BOXES: dict[str, Any] = {"id": CABINET, "compartments": [{"number": "7"}]}


@pytest.mark.parametrize("ending", [KeyboardInterrupt, Late, None])
def test_however_a_run_ends_the_cabinet_is_off_and_its_certificate_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: type[BaseException] | None
) -> None:
    silent, registrar = Silent(greeted=True), Registrar()
    monkeypatch.setattr(device, "broker_of", lambda _: None)
    monkeypatch.setattr(device, "VirtualCabinet", lambda *_, **__: silent)
    api: Any = registrar

    def run() -> None:
        with device.switched_on(api, a_stack(tmp_path), BOXES, 0.1):
            assert registrar.revoked == []
            if ending is not None:
                raise ending

    if ending is None:
        run()
    else:
        with pytest.raises(ending):
            run()
    assert (silent.stopped, registrar.revoked) == (True, REVOCATION)


def test_a_cabinet_that_nobody_greets_is_late_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, registrar = Silent(greeted=False), Registrar()
    monkeypatch.setattr(device, "broker_of", lambda _: None)
    monkeypatch.setattr(device, "VirtualCabinet", lambda *_, **__: silent)
    api: Any = registrar
    with pytest.raises(Late, match="not greeted"), device.switched_on(api, a_stack(tmp_path), BOXES, 0.05):
        raise AssertionError("it was greeted")
    assert (silent.stopped, registrar.revoked) == (True, REVOCATION)


def test_a_system_without_a_broker_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoStack, match="no MQTT broker"):
        device.broker_of(a_stack(tmp_path))
    nobody = {"host": "127.0.0.1", "port": 9, "ca_url": "http://127.0.0.1:9/ca.pem"}
    with pytest.raises(NoStack, match="does not answer"):
        device.broker_of(a_stack(tmp_path, mqtt=nobody))


# ---- the command --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[System], int]:
    """`run` with a system in place of the deployed one: its exit code."""
    a_stack(tmp_path)

    def run(system: System) -> int:
        @contextmanager
        def on(*_: Any) -> Iterator[System]:
            yield system

        for name in ("_register", "open_shop"):
            monkeypatch.setattr(command, name, lambda *_: None)
        monkeypatch.setattr(command, "Api", lambda *_, **__: system)
        monkeypatch.setattr(command, "Outbox", lambda _: system)
        monkeypatch.setattr(command, "_nearest_of", lambda *_: SITE)
        monkeypatch.setattr(command, "cabinet_of", lambda *_: BOXES)
        monkeypatch.setattr(command, "switched_on", on)
        monkeypatch.setattr(command.Watch, "wait", _wait_shortly)
        return command.main(["run", "--stack", str(tmp_path / "stack.json")])

    return run


_wait = Watch.wait


def _wait_shortly(watch: Watch, *given: Any) -> Any:
    watch.patience = 0.2
    return _wait(watch, *given)


def test_the_exit_code_says_how_it_went(
    ran: Callable[[System], int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert ran(System()) == 0
    told = capsys.readouterr().out
    assert all(f"  {hop} " in told for hop in ALL_HOPS)
    assert ran(System(missing="captured")) == 1
    told = capsys.readouterr().out
    assert "“captured” did not come within 0.2 s" in told
    assert "acknowledged" in told, "the hops that came are shown"
    assert command.main(["run", "--stack", str(tmp_path / "none.json")]) == 2
    assert "make up" in capsys.readouterr().out


def test_ctrl_c_ends_it_with_130(
    ran: Callable[[System], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> Answer:
        raise KeyboardInterrupt

    monkeypatch.setattr(System, "enter", interrupted)
    assert ran(System()) == 130
    told = capsys.readouterr().out
    assert "texted" in told
    assert "keyed" not in told


class Shown:
    """A search that shows these sites."""

    def __init__(self, *ids: str) -> None:
        self.items = [{**SITE, "id": id} for id in ids]
        self.asked: dict[str, Any] = {}

    def get(self, path: str, **query: Any) -> Any:
        self.asked = query
        return {"items": self.items}


def test_the_order_is_collected_at_the_nearest_site_that_has_a_cabinet_of_ours() -> None:
    shown: Any = Shown("mall-of-america", "best-buy-281", "best-buy-1000")
    ours = [{"id": "best-buy-1000"}, {"id": "best-buy-281"}]
    assert command._nearest_of(shown, ours, (44.9, -93.2))["id"] == "best-buy-281"
    assert (shown.asked["latitude"], shown.asked["longitude"]) == (44.9, -93.2)
    with pytest.raises(NoCabinet, match="No locker site"):
        command._nearest_of(shown, [{"id": "best-buy-8005"}], (44.9, -93.2))


@pytest.mark.parametrize("near", ["44.9", "91,0", "0,180", "a,b", "44.9,-93.2,0"])
def test_a_position_is_two_numbers_of_degrees(near: str) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["run", "--near", near])
    assert refused.value.code == 2


def test_the_plan_names_what_makes_no_site(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["plan"]) == 0
    told = capsys.readouterr().out
    assert "store 2767, University Mall, makes no site: 1-5:30 may begin before noon or after it" in told
    assert "1,562" in told
