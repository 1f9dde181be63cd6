import pytest

from infra.local.lockers.faults import FaultError, Faults


def test_a_fault_strikes_every_command() -> None:
    faults = Faults.parse("late=5, duplicate")
    assert [faults.at_command("1") for _ in range(2)] == [{"late": 5.0, "duplicate": 0.0}] * 2


def test_a_fault_strikes_the_nth_command_of_the_cabinet() -> None:
    faults = Faults.parse("jam@2")
    assert [faults.at_command(door) for door in "121"] == [{}, {"jam": 0.0}, {}]


def test_a_fault_strikes_from_the_nth_command_on() -> None:
    faults = Faults.parse("silent@2+")
    assert [faults.at_command("1") for _ in range(3)] == [{}, {"silent": 0.0}, {"silent": 0.0}]


def test_the_commands_of_a_compartment_are_counted_by_themselves() -> None:
    faults = Faults.parse("jam:B2@2")
    assert [faults.at_command(door) for door in ("B2", "A1", "A1", "B2")] == [{}, {}, {}, {"jam": 0.0}]


def test_no_faults() -> None:
    assert Faults.parse("").at_command("1") == {}


def test_a_clock_may_be_slow() -> None:
    assert Faults.parse("skew=-90.5").skew == -90.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("explode", "there is no fault 'explode': choose late"),
        ("late", "late takes seconds, as in late=5"),
        ("jam=3", "jam takes no seconds"),
        ("late=-1", "less than nothing"),
        ("skew=3@2", "for the whole cabinet"),
        ("skew=3:A1", "for the whole cabinet"),
        ("jam@0", "is no fault: write"),
        ("jam @1", "is no fault: write"),
    ],
)
def test_a_fault_that_makes_no_sense_is_explained(text: str, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        Faults.parse(text)
