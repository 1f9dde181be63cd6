import threading

import pytest

from infra.local.lockers.happenings import Happening, Happenings
from tests.unit.local.bench import NOON


def test_what_has_happened_is_counted_by_kind_door_and_cause() -> None:
    happenings = Happenings()
    for door in "121":
        happenings.add(Happening(0.0, NOON, "opened", door, f"cmd_{door}"))
    happenings.add(Happening(0.0, NOON, "closed", "1"))
    assert happenings.count() == 4
    assert happenings.count("opened") == 3
    assert happenings.count("opened", compartment="1") == 2
    assert happenings.count("opened", about="cmd_2") == 1


def test_a_happening_is_waited_for() -> None:
    happenings = Happenings()
    for seconds in (0.0, 0.05):
        threading.Timer(seconds, happenings.add, [Happening(seconds, NOON, "opened", "1")]).start()
    assert happenings.wait_for("opened", times=2, timeout=5).monotonic == 0.05


def test_waiting_in_vain_says_what_there_was_instead() -> None:
    happenings = Happenings()
    happenings.add(Happening(0.0, NOON, "jammed", "1", "cmd_1"))
    with pytest.raises(TimeoutError, match=r"not 1 × opened .* only: jammed door 1 cmd_1"):
        happenings.wait_for("opened", timeout=0.01)
