"""The importer against the application itself, over a real socket."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

import pytest

from app import app
from examples.locker_pickup.mapping import Site, nearest, sites
from examples.locker_pickup.registry import NoCabinet, Outcome, Tally, cabinet_of, register_all, register_site
from examples.locker_pickup.stores import SAMPLE, read_file
from examples.online_retail.api import Api, Problem
from tests.conftest import ADMIN, Reply, request
from tests.unit.examples.fakes import FakeTokens, serving

EARTH_KM = 6371.0088


class Application:
    """The application on moto's table, one call at a time. `just_before` happens before the next change of a site."""

    def __init__(self) -> None:
        self.changes = 0
        self.just_before: Callable[[], Any] | None = None
        self._one_at_a_time = Lock()

    def handle(self, method: str, url: str, headers: Any, raw: bytes) -> tuple[int, Any, dict[str, str]]:
        with self._one_at_a_time:
            if method == "PUT" and self.just_before is not None:
                happen, self.just_before = self.just_before, None
                happen()
            reply = request(app, method, url, body=raw, by=ADMIN, headers=dict(headers))
            self.changes += method != "GET" and reply.status < 300
            return reply.status, reply.json, {}


@pytest.fixture
def application(table: Any) -> Application:
    return Application()


@pytest.fixture
def api(application: Application) -> Iterator[Api]:
    with serving(application) as url:
        yield Api(url, FakeTokens())


@pytest.fixture(scope="module")
def stores() -> list[Site]:
    return sites(read_file(SAMPLE))[0]


def send(method: str, path: str, body: Any = None, **headers: str) -> Reply:
    reply = request(app, method, path, json=body, by=ADMIN, headers=headers)
    assert reply.status < 300, reply
    return reply


def register(api: Api, wanted: list[Site]) -> Tally:
    return register_all(api, wanted, clients=4, on_step=lambda: None)


# ---- again and again ----------------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(application: Application, api: Api, stores: list[Site]) -> None:
    wanted = stores[:3]
    assert register(api, wanted) == {("site", Outcome.CREATED): 3, ("cabinet", Outcome.CREATED): 3}
    assert application.changes == 6
    assert register(api, wanted) == {("site", Outcome.UNCHANGED): 3, ("cabinet", Outcome.UNCHANGED): 3}
    assert application.changes == 6
    site = send("GET", f"/v1/locker-sites/{wanted[0]['id']}").json
    assert {name: site[name] for name in wanted[0]} == wanted[0]
    assert len(cabinet_of(api, wanted[0]["id"])["compartments"]) == 12


def test_a_run_that_was_stopped_between_a_site_and_its_cabinet_is_finished(api: Api, stores: list[Site]) -> None:
    register_site(api, stores[0])
    assert register(api, stores[:1]) == {("site", Outcome.UNCHANGED): 1, ("cabinet", Outcome.CREATED): 1}


def test_what_the_file_says_is_brought_up_to_date_and_the_rest_stays(api: Api, stores: list[Site]) -> None:
    path = f"/v1/locker-sites/{stores[0]['id']}"
    register(api, stores[:1])
    special = {
        "special_days": {"2026-12-25": []},
        "code_digits": 6,
        "hold": {"window_seconds": 3600, "reminder_seconds": 60},
    }
    body = {name: value for name, value in stores[0].items() if name != "id"}
    send("PUT", path, {**body, **special}, **{"If-Match": '"1"'})
    assert register_site(api, stores[0]) is Outcome.UNCHANGED
    assert register_site(api, {**stores[0], "opening_hours": {"mon": [["08:00", "20:00"]]}}) is Outcome.CHANGED
    site = send("GET", path).json
    assert site["opening_hours"] == {"mon": [["08:00", "20:00"]]}
    assert (site["special_days"], site["code_digits"], site["hold"]["window_seconds"]) == ({"2026-12-25": []}, 6, 3600)


def test_who_changes_a_site_meanwhile_is_not_overruled_unseen(
    application: Application, api: Api, stores: list[Site]
) -> None:
    path = f"/v1/locker-sites/{stores[0]['id']}"
    register_site(api, stores[0])
    body = {name: value for name, value in stores[0].items() if name != "id"}
    application.just_before = lambda: send("PUT", path, {**body, "code_digits": 6}, **{"If-Match": '"1"'})
    assert register_site(api, {**stores[0], "name": "Renamed"}) is Outcome.CHANGED
    site = send("GET", path).json
    assert (site["name"], site["code_digits"], site["version"]) == ("Renamed", 6, 3)


def test_what_is_refused_ends_the_import(api: Api, stores: list[Site]) -> None:
    with pytest.raises(Problem, match="timezone"):
        register(api, [{**stores[0], "timezone": "Mars/Olympus_Mons"}])


def test_a_site_with_cabinets_of_others_gets_none(api: Api, stores: list[Site]) -> None:
    register_site(api, stores[0])
    boxes = {"name": "Left", "serial_number": "SN-1", "compartments": [{"number": "1", "size": "M"}]}
    headers = {"Idempotency-Key": "k"}
    send("POST", f"/v1/locker-sites/{stores[0]['id']}/cabinets", boxes, **headers)
    assert register(api, stores[:1])["cabinet", Outcome.UNCHANGED] == 1
    with pytest.raises(NoCabinet, match="best-buy-1000"):
        cabinet_of(api, stores[0]["id"])


# ---- the nearest --------------------------------------------------------------------------------------------------------


def km(one: Site, latitude: float, longitude: float) -> float:
    """Along the great circle, by the spherical law of cosines."""
    there = one["position"]
    phi, theta = math.radians(latitude), math.radians(there["latitude"])
    across = math.radians(there["longitude"] - longitude)
    cosine = math.sin(phi) * math.sin(theta) + math.cos(phi) * math.cos(theta) * math.cos(across)
    return EARTH_KM * math.acos(min(1.0, cosine))


AROUND = {
    "an airport with six machines at one place": (44.8805, -93.2169),
    "Honolulu": (21.3069, -157.8583),
    "between Seattle and the sea": (47.6, -123.0),
    "a corner of four square degrees": (45.0, -93.0),
    "the middle of the Atlantic": (40.0, -50.0),
}


@pytest.mark.slow
def test_the_search_finds_the_nearest_in_the_order_of_the_great_circle(table: Any, stores: list[Site]) -> None:
    for number, site in enumerate(one for one in stores if any(km(one, *point) < 150 for point in AROUND.values())):
        send("POST", "/v1/locker-sites", site, **{"Idempotency-Key": f"k-{number}"})
    for (latitude, longitude), limit in [*((point, 50) for point in AROUND.values()), ((44.8805, -93.2169), 5)]:
        path = f"/v1/locker-sites?latitude={latitude}&longitude={longitude}&radius_km=100&limit={limit}"
        found = send("GET", path).json["items"]
        near = sorted((km(one, latitude, longitude), one["id"]) for one in stores)
        within = [one for one in near if one[0] <= 100][:limit]
        assert [one["id"] for one in found] == [id for _, id in within]
        assert [one["distance_km"] for one in found] == pytest.approx([away for away, _ in within], abs=0.002)
        assert [one["id"] for one in nearest(stores, latitude, longitude)[: len(found)]] == [one["id"] for one in found]
    assert len([one for one in stores if km(one, 44.8805, -93.2169) < 100]) > 20
