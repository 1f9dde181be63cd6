"""When a site is open, and which sites are near."""

from datetime import UTC, datetime, timedelta
from math import asin, atan2, cos, degrees, radians, sin

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.lockers.domain.sites import (
    EARTH_RADIUS_KM,
    MAX_RADIUS_KM,
    WEEKDAYS,
    Position,
    SitePaused,
    SiteStatus,
    cell_of,
    cells_within,
    check_active,
    distance_km,
    hours_of,
    is_open,
    next_change,
)
from tests.unit.lockers.builders import a_site, every_day, utc

CHICAGO, BERLIN = "America/Chicago", "Europe/Berlin"
ALWAYS = every_day(("00:00", "24:00"))


def test_a_paused_site_takes_no_orders():
    check_active(a_site())
    with pytest.raises(SitePaused):
        check_active(a_site(status=SiteStatus.PAUSED))


# ---- when ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "moment", "expected"),
    [
        ([("08:00", "20:00")], "2026-01-05T07:59:59", False),
        ([("08:00", "20:00")], "2026-01-05T08:00", True),
        ([("08:00", "20:00")], "2026-01-05T19:59:59", True),
        ([("08:00", "20:00")], "2026-01-05T20:00", False),
        ([("08:00", "12:00"), ("13:00", "18:00")], "2026-01-05T12:30", False),
        ([("08:00", "12:00"), ("13:00", "18:00")], "2026-01-05T13:00", True),
        ([("18:00", "24:00")], "2026-01-05T23:59:59", True),
        ([("18:00", "24:00")], "2026-01-06T00:00", False),
        ([("22:00", "06:00")], "2026-01-05T21:59", False),
        ([("22:00", "06:00")], "2026-01-05T23:00", True),
        ([("22:00", "06:00")], "2026-01-06T05:59", True),
        ([("22:00", "06:00")], "2026-01-06T06:00", False),
        ([("22:00", "00:00")], "2026-01-05T23:59", True),
        ([("22:00", "00:00")], "2026-01-06T00:00", False),
        ([("00:00", "24:00")], "2026-01-05T00:00", True),
        ([], "2026-01-05T12:00", False),
    ],
)
def test_open_from_the_first_moment_of_a_span_to_before_its_end(spans, moment, expected):
    assert is_open(a_site(opening_hours=every_day(*spans)), utc(moment)) is expected


def test_a_day_that_is_not_named_is_closed():
    site = a_site(opening_hours={"mon": [("08:00", "20:00")], "wed": [("10:00", "12:00")]})
    noons = [datetime(2026, 1, day, 11, tzinfo=UTC) for day in range(5, 12)]
    assert [is_open(site, noon) for noon in noons] == [True, False, True, False, False, False, False]
    assert next_change(site, utc("2026-01-05T20:00")) == utc("2026-01-07T10:00")
    assert next_change(site, utc("2026-01-07T12:00")) == utc("2026-01-12T08:00")


def test_the_night_belongs_to_the_day_on_which_it_begins():
    site = a_site(opening_hours={"sat": [("22:00", "04:00")]})
    assert is_open(site, utc("2026-01-11T03:59"))
    assert not is_open(site, utc("2026-01-10T03:59"))
    assert next_change(site, utc("2026-01-11T03:00")) == utc("2026-01-11T04:00")


def test_a_special_day_goes_before_its_weekday():
    site = a_site(special_days={"2026-01-06": [], "2026-01-07": [("10:00", "12:00")]})
    assert hours_of(site, utc("2026-01-05T00:00").date()) == (("08:00", "20:00"),)
    assert [is_open(site, utc(f"2026-01-0{day}T09:00")) for day in (5, 6, 7, 8)] == [True, False, False, True]
    assert next_change(site, utc("2026-01-05T20:00")) == utc("2026-01-07T10:00")
    assert next_change(site, utc("2026-01-07T10:00")) == utc("2026-01-07T12:00")


def test_the_night_before_a_closed_day_goes_on_to_its_end():
    site = a_site(opening_hours=every_day(("20:00", "03:00")), special_days={"2026-01-06": []})
    assert is_open(site, utc("2026-01-06T02:59"))
    assert next_change(site, utc("2026-01-06T02:59")) == utc("2026-01-06T03:00")
    assert next_change(site, utc("2026-01-06T03:00")) == utc("2026-01-07T20:00")


def test_a_special_day_may_open_a_site_that_is_closed_otherwise():
    site = a_site(opening_hours={}, special_days={"2026-01-06": [("08:00", "24:00")]})
    assert is_open(site, utc("2026-01-06T23:59"))
    assert next_change(site, utc("2026-01-05T08:00")) == utc("2026-01-06T08:00")
    assert next_change(site, utc("2026-01-06T08:00")) == utc("2026-01-07T00:00")
    assert next_change(site, utc("2026-01-07T00:00")) is None


@pytest.mark.parametrize("zone", ["UTC", CHICAGO, BERLIN])
@pytest.mark.parametrize(
    "hours", [ALWAYS, every_day(("00:00", "12:00"), ("12:00", "24:00")), every_day(("06:00", "06:00"))]
)
def test_of_a_site_that_is_always_open_nothing_changes(zone, hours):
    site = a_site(zone, opening_hours=hours)
    for moment in ("2026-01-05T00:00", "2026-03-08T08:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-11-01T07:00"):
        assert is_open(site, utc(moment))
        assert next_change(site, utc(moment)) is None


def test_of_a_site_that_is_never_open_nothing_changes():
    assert next_change(a_site(opening_hours={}), utc("2026-01-05T12:00")) is None


@pytest.mark.parametrize(
    "spans",
    [
        [("08:00", "12:00"), ("12:00", "20:00")],
        [("08:00", "14:00"), ("10:00", "20:00")],
        [("08:00", "20:00"), ("10:00", "11:00")],
        [("12:00", "20:00"), ("08:00", "12:00")],
    ],
)
def test_spans_that_touch_or_overlap_are_one(spans):
    site = a_site(opening_hours=every_day(*spans))
    assert next_change(site, utc("2026-01-05T07:00")) == utc("2026-01-05T08:00")
    assert next_change(site, utc("2026-01-05T10:30")) == utc("2026-01-05T20:00")


def test_spans_are_joined_over_midnight():
    site = a_site(opening_hours={"mon": [("08:00", "24:00")], "tue": [("00:00", "10:00")], "wed": [("00:00", "24:00")]})
    assert next_change(site, utc("2026-01-05T09:00")) == utc("2026-01-06T10:00")
    assert next_change(site, utc("2026-01-07T09:00")) == utc("2026-01-08T00:00")


def test_a_pause_two_weeks_ahead_of_a_site_that_is_else_always_open():
    site = a_site(opening_hours=ALWAYS, special_days={"2026-01-15": []})
    assert next_change(site, utc("2026-01-05T12:00")) == utc("2026-01-15T00:00")
    assert next_change(site, utc("2025-12-31T12:00")) is None
    assert next_change(site, utc("2026-01-15T12:00")) == utc("2026-01-16T00:00")


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes"),
    [
        (CHICAGO, "2026-03-07", "2026-03-07T14:00", "2026-03-08T02:00"),
        (CHICAGO, "2026-03-08", "2026-03-08T13:00", "2026-03-09T01:00"),
        (CHICAGO, "2026-10-31", "2026-10-31T13:00", "2026-11-01T01:00"),
        (CHICAGO, "2026-11-01", "2026-11-01T14:00", "2026-11-02T02:00"),
        (BERLIN, "2026-03-28", "2026-03-28T07:00", "2026-03-28T19:00"),
        (BERLIN, "2026-03-29", "2026-03-29T06:00", "2026-03-29T18:00"),
        (BERLIN, "2026-10-24", "2026-10-24T06:00", "2026-10-24T18:00"),
        (BERLIN, "2026-10-25", "2026-10-25T07:00", "2026-10-25T19:00"),
    ],
)
def test_hours_follow_the_clock_on_the_wall(zone, day, opens, closes):
    site = a_site(zone, opening_hours={}, special_days={day: [("08:00", "20:00")]})
    begin, end, second = utc(opens), utc(closes), timedelta(seconds=1)
    assert [is_open(site, at) for at in (begin - second, begin, end - second, end)] == [False, True, True, False]
    assert next_change(site, begin - timedelta(hours=3)) == begin
    assert next_change(site, begin) == end


@pytest.mark.parametrize(
    ("zone", "day", "opens", "hours"),
    [
        (CHICAGO, "2026-03-06", "2026-03-07T04:00", 8),
        (CHICAGO, "2026-03-07", "2026-03-08T04:00", 7),
        (CHICAGO, "2026-10-31", "2026-11-01T03:00", 9),
        (BERLIN, "2026-03-28", "2026-03-28T21:00", 7),
        (BERLIN, "2026-10-24", "2026-10-24T20:00", 9),
    ],
)
def test_the_night_of_a_change_is_an_hour_shorter_or_longer(zone, day, opens, hours):
    site = a_site(zone, opening_hours={}, special_days={day: [("22:00", "06:00")]})
    assert next_change(site, utc(opens) - timedelta(minutes=1)) == utc(opens)
    assert next_change(site, utc(opens)) == utc(opens) + timedelta(hours=hours)
    assert is_open(site, utc(opens) + timedelta(hours=hours, minutes=-1))
    assert not is_open(site, utc(opens) + timedelta(hours=hours))


def test_a_day_of_24_hours_lasts_23_or_25_when_the_clocks_change():
    for zone, day, opens, hours in (
        (CHICAGO, "2026-03-08", "2026-03-08T06:00", 23),
        (CHICAGO, "2026-11-01", "2026-11-01T05:00", 25),
        (BERLIN, "2026-03-29", "2026-03-28T23:00", 23),
        (BERLIN, "2026-10-25", "2026-10-24T22:00", 25),
    ):
        site = a_site(zone, opening_hours={}, special_days={day: [("00:00", "24:00")]})
        assert next_change(site, utc(opens)) == utc(opens) + timedelta(hours=hours)


clocks = st.sampled_from(["00:00", "00:30", "01:15", "05:00", "08:00", "09:30", "12:00", "17:45", "20:00", "23:59"])
some_spans = st.lists(
    st.tuples(clocks, clocks | st.just("24:00")).filter(lambda span: span[0] != span[1]), max_size=3
).map(tuple)
some_hours = st.dictionaries(st.sampled_from(WEEKDAYS), some_spans)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
around_changes = st.sampled_from(["2026-03-08T08:00", "2026-11-01T07:00", "2026-03-29T01:00", "2026-10-25T01:00"])
moments |= st.builds(lambda at, minutes: utc(at) + timedelta(minutes=minutes), around_changes, st.integers(-3000, 3000))


@given(some_hours, moments)
def test_open_is_what_a_clock_and_a_sign_on_the_door_say(hours, at):
    today, yesterday = WEEKDAYS[at.weekday()], WEEKDAYS[at.weekday() - 1]
    clock = at.strftime("%H:%M")
    opened_today = any(begin <= clock and (clock < end or end < begin) for begin, end in hours.get(today, ()))
    since_yesterday = any(end < begin and clock < end for begin, end in hours.get(yesterday, ()))
    assert is_open(a_site(opening_hours=hours), at) == (opened_today or since_yesterday)


@given(st.sampled_from(["UTC", CHICAGO, BERLIN]), some_hours, moments, st.lists(st.floats(0, 1), max_size=5))
def test_until_the_next_change_nothing_changes_and_then_it_does(zone, hours, at, sampled):
    site = a_site(zone, opening_hours=hours)
    now, change = is_open(site, at), next_change(site, at)
    until = change or at + timedelta(days=14)
    assert all(is_open(site, at + share * (until - at - timedelta(microseconds=1))) is now for share in sampled)
    if change is not None:
        assert change > at
        assert change.tzinfo is UTC
        assert is_open(site, change) is not now


# ---- where --------------------------------------------------------------------------------------------------------------

# Geodesics on WGS 84; the second and third are the examples of GeographicLib's documentation.
FAR = [
    ((0.0, 0.0), (90.0, 0.0), 10_001.966),
    ((40.6, -73.8), (51.6, -0.5), 5_551.759),
    ((-41.32, 174.81), (40.96, -5.50), 19_959.679),
    ((0.0, 0.0), (0.0, 1.0), 111.319),
    ((0.0, 179.5), (0.0, -179.5), 111.319),
    ((89.0, 0.0), (89.0, 180.0), 223.388),
]


@pytest.mark.parametrize(("one", "other", "kilometres"), FAR)
def test_distances_are_right_to_half_a_percent(one, other, kilometres):
    assert distance_km(Position(*one), Position(*other)) == pytest.approx(kilometres, rel=0.005)
    assert distance_km(Position(*one), Position(*other)) == distance_km(Position(*other), Position(*one))


def test_distances_on_the_sphere():
    quarter = 10_007.5572
    assert distance_km(Position(0, 0), Position(90, 77)) == pytest.approx(quarter, abs=1e-3)
    assert distance_km(Position(0, 0), Position(0, 180)) == pytest.approx(2 * quarter, abs=1e-3)
    assert distance_km(Position(45, 7), Position(-45, -173)) == pytest.approx(2 * quarter, abs=1e-3)
    assert distance_km(Position(44.98, -93.27), Position(44.98, -93.27)) == 0


@pytest.mark.parametrize(
    ("position", "cell"),
    [
        (Position(44.98, -93.27), "44:-94"),
        (Position(52.52, 13.4), "52:13"),
        (Position(-0.1, 0.0), "-1:0"),
        (Position(-33.87, 151.21), "-34:151"),
        (Position(-16.8, -180.0), "-17:-180"),
        (Position(-16.8, 179.99), "-17:179"),
    ],
)
def test_the_cell_of_a_position_is_its_square_degree(position, cell):
    assert cell_of(position) == cell
    assert cell in cells_within(position, 0.1)


def test_the_cells_around_a_place():
    assert cells_within(Position(44.5, -93.5), 5) == ["44:-94"]
    assert cells_within(Position(44.99, -93.5), 5) == ["44:-94", "45:-94"]
    assert cells_within(Position(0.01, -179.99), 5) == ["-1:179", "-1:-180", "0:179", "0:-180"]
    assert len(cells_within(Position(89.9, 20), 50)) == 360


latitudes = st.floats(-89.9999, 89.9999) | st.floats(88, 89.9999) | st.floats(-89.9999, -88) | st.integers(-89, 89)
longitudes = st.floats(-180, 180, exclude_max=True) | st.floats(179, 180, exclude_max=True) | st.floats(-180, -179)
positions = st.builds(Position, latitudes, longitudes)
radii = st.floats(0.1, MAX_RADIUS_KM)


def towards(start: Position, bearing: float, kilometres: float) -> Position:
    """Where one arrives who leaves in a direction (radians from north) and goes straight on."""
    phi, way = radians(start.latitude), kilometres / EARTH_RADIUS_KM
    latitude = asin(max(-1.0, min(1.0, sin(phi) * cos(way) + cos(phi) * sin(way) * cos(bearing))))
    turned = atan2(sin(bearing) * sin(way) * cos(phi), cos(way) - sin(phi) * sin(latitude))
    return Position(degrees(latitude), (start.longitude + degrees(turned) + 540) % 360 - 180)


@given(positions, radii, st.floats(0, 6.2831853), st.floats(0, 0.999))
def test_whatever_is_within_the_radius_lies_in_one_of_the_cells(middle, radius, bearing, share):
    there = towards(middle, bearing, radius * share)
    assume(distance_km(middle, there) <= radius and abs(there.latitude) < 90)
    assert cell_of(there) in cells_within(middle, radius)


@given(positions, radii)
def test_all_around_at_the_edge_of_the_radius(middle, radius):
    cells = set(cells_within(middle, radius))
    for number in range(24):
        there = towards(middle, number * radians(15), radius * 0.999)
        if distance_km(middle, there) <= radius and abs(there.latitude) < 90:
            assert cell_of(there) in cells


@given(positions, radii)
def test_there_are_few_cells_but_near_a_pole(middle, radius):
    cells = cells_within(middle, radius)
    assert len(cells) == len(set(cells))
    rows = {int(cell.split(":")[0]) for cell in cells}
    columns = {int(cell.split(":")[1]) for cell in cells}
    assert rows <= set(range(-90, 90))
    assert columns <= set(range(-180, 180))
    assert len(rows) <= 3
    if abs(middle.latitude) <= 60:
        assert len(cells) <= 15
    if abs(middle.latitude) <= 75:
        assert len(cells) <= 24


def test_a_span_in_the_hour_that_does_not_exist():
    site = a_site(CHICAGO, opening_hours={}, special_days={"2026-03-08": [("02:30", "03:00")]})
    change = next_change(site, utc("2026-03-08T00:00"))
    assert change is None or is_open(site, change)


def test_nothing_within_two_weeks():
    site = a_site(opening_hours={}, special_days={"2026-01-20": [("09:00", "10:00")]})
    assert next_change(site, utc("2026-01-05T08:00")) is None


def test_the_pole_lies_in_a_square_that_is_looked_at():
    assert cell_of(Position(90, 0)) in cells_within(Position(89.9, 0), 50)
