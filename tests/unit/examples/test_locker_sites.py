"""Real stores as locker sites: what a row becomes, and what is not guessed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from examples.locker_pickup.hours import UnreadableHours, parse
from examples.locker_pickup.mapping import NotASite, Skipped, nearest, site_of, sites, time_zone
from examples.locker_pickup.stores import SAMPLE, read_file, write_sample
from tests.unit.examples.stores import a_store


def test_a_store_becomes_a_site() -> None:
    long_day, short_day = [["10:00", "21:30"]], [["11:00", "19:00"]]
    assert site_of(a_store()) == {
        "id": "best-buy-1000",
        "name": "Mall of America",
        "timezone": "America/Chicago",
        "position": {"latitude": 44.85466, "longitude": -93.24565},
        "address": {
            "line1": "340 W Market",
            "city": "Bloomington",
            "postal_code": "55425",
            "region": "MN",
            "country": "US",
        },
        "opening_hours": {**dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), long_day), "sun": short_day},
    }


# ---- hours --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("10-9", ("10:00", "21:00")),
        ("9:30-9", ("09:30", "21:00")),
        ("9-10", ("09:00", "22:00")),
        ("6-1", ("06:00", "13:00")),
        ("12-6", ("12:00", "18:00")),
        ("12:30-5:30", ("12:30", "17:30")),
        ("8-11:59", ("08:00", "24:00")),
        ("0-11:59", ("00:00", "24:00")),
    ],
)
def test_a_span_is_read_as_a_shops_day(text: str, span: tuple[str, str]) -> None:
    assert parse(f"Thurs: {text}") == {"thu": [span]}


@pytest.mark.parametrize(
    "text",
    ["1-5:30", "5-9", "12-11:59", "0-9", "0:30-11:59", "10-12", "10-0", "13-9", "10-9:60", "10-", "10", "Closed"],
)
def test_a_span_that_reads_in_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(UnreadableHours):
        parse(f"Mon: {text}")


@pytest.mark.parametrize(
    "text", ["", "Mon: 10-9;", "Thu: 10-9", "Mon 10-9", "Mon: 10-9; Mon: 10-8", "Mon: 10-9, Tue: 10-9"]
)
def test_days_that_cannot_be_told_apart_are_refused(text: str) -> None:
    with pytest.raises(UnreadableHours):
        parse(text)


def test_a_day_that_is_not_named_is_closed() -> None:
    site = site_of(a_store(hours="Mon: 10-9; Tue: 10-9; Wed: 10-9; Thurs: 10-9; Fri: 10-9:30; Sat: 10-9:30"))
    assert set(site["opening_hours"]) == {"mon", "tue", "wed", "thu", "fri", "sat"}


# ---- where --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        (33.430729, -111.89966, "America/Phoenix"),
        (38.2527, -85.7585, "America/Kentucky/Louisville"),
        (21.33, -157.92, "Pacific/Honolulu"),
        (18.4274, -66.0705, "America/Puerto_Rico"),
    ],
)
def test_the_time_zone_is_that_of_the_position(latitude: float, longitude: float, zone: str) -> None:
    assert time_zone(latitude, longitude) == zone


def test_the_sea_is_no_site() -> None:
    with pytest.raises(NotASite, match="no time zone"):
        time_zone(40.0, -50.0)


def test_the_nearest_is_the_nearest_also_over_the_date_line_and_around_the_pole() -> None:
    def at(id: str, latitude: float, longitude: float) -> dict[str, Any]:
        return {"id": id, "position": {"latitude": latitude, "longitude": longitude}}

    places = [at("fiji", -17.7, 178.0), at("samoa", -13.8, -172.0), at("b", 89.0, 170.0), at("a", 89.0, 170.0)]
    assert [one["id"] for one in nearest(places, -17.0, -179.0)] == ["fiji", "samoa", "a", "b"]
    assert [one["id"] for one in nearest(places, 89.0, -10.0)][:2] == ["a", "b"]


# ---- rows that make no site ---------------------------------------------------------------------------------------------


def test_a_zip_code_gets_back_the_zeros_that_a_spreadsheet_took() -> None:
    def code(**fields: str) -> str:
        found: str = site_of(a_store(**fields))["address"]["postal_code"]
        return found

    assert code(zip="2128", state="MA") == "02128"
    assert code(zip="55425-1234") == "55425-1234"
    with pytest.raises(NotASite, match="no ZIP code of MN: '5542'"):
        code(zip="5542")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": "x"}, "no number of a store: 'x'"),
        ({"name": " "}, "no name"),
        ({"address": ""}, "no address"),
        ({"city": ""}, "no city"),
        ({"state": "Minn."}, "no state: 'Minn.'"),
        ({"zip": "12345678901"}, "no ZIP code of MN: '12345678901'"),
        ({"lat": ""}, "no position: ''"),
        ({"lat": "91"}, "no position: '91'"),
        ({"lon": "nan"}, "no position: 'nan'"),
        ({"hours": "Mon: 1-6"}, "1-6 may begin before noon or after it"),
    ],
)
def test_a_bad_row_is_reported_and_skipped(fields: dict[str, str], reason: str) -> None:
    row = a_store(**fields)
    made, skipped = sites([row, a_store(id="1001")])
    assert [one["id"] for one in made] == ["best-buy-1001"]
    assert skipped == [Skipped(row["id"], row["name"], reason)]


def test_a_second_row_of_the_same_store_is_skipped() -> None:
    made, skipped = sites([a_store(), a_store(name="Another")])
    assert [one["name"] for one in made] == ["Mall of America"]
    assert [one.reason for one in skipped] == ["another row has this id"]


# ---- the sample ---------------------------------------------------------------------------------------------------------


def test_all_but_three_stores_of_the_sample_become_sites() -> None:
    made, skipped = sites(read_file(SAMPLE))
    assert {(one.id, one.reason) for one in skipped} == {
        ("1531", "12-11:59 may begin before noon or after it"),
        ("2767", "1-5:30 may begin before noon or after it"),
        ("2899", "1-6 may begin before noon or after it"),
    }
    assert len(made) == 1562
    closed = [one["address"]["city"] for one in made if "sun" not in one["opening_hours"]]
    assert closed == ["Paramus"] * 4
    assert Counter(one["timezone"] for one in made) == {
        "America/New_York": 637,
        "America/Chicago": 494,
        "America/Los_Angeles": 250,
        "America/Denver": 54,
        "America/Detroit": 46,
        "America/Indiana/Indianapolis": 27,
        "America/Phoenix": 26,
        "Pacific/Honolulu": 8,
        "America/Kentucky/Louisville": 7,
        "America/Boise": 6,
        "America/Anchorage": 4,
        "America/Puerto_Rico": 3,
    }


def test_a_sample_holds_what_the_whole_file_says(tmp_path: Path) -> None:
    row = a_store(address2="Ste 4")
    whole = {name: text for name, text in row.items() if name not in ("lat", "lon")}
    store = {**whole, "id": 1000, "location": {"lat": 44.85466, "lon": -93.24565}, "services": ["Windows Store"]}
    (tmp_path / "stores.json").write_text(json.dumps([store, {**store, "id": 1001, "address2": None}]))
    samples = [tmp_path / "one.csv.gz", tmp_path / "two.csv.gz"]
    for sample in samples:
        write_sample(read_file(tmp_path / "stores.json"), sample)
    assert [dict(one) for one in read_file(samples[0])] == [row, {**row, "id": "1001", "address2": ""}]
    assert samples[0].read_bytes() == samples[1].read_bytes()
    assert samples[0].read_bytes()[4:8] == bytes(4), "no time of writing in the header of gzip"
