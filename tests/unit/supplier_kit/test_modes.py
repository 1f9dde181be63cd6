"""When a mode decides a call."""

import pytest

from aisle_supplier.server.modes import KINDS, Modes, UnknownMode, parse


def picked(modes, *operations, allocation="ful_1"):
    return [modes.pick(operation, allocation).name for operation in operations]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("correct", "correct"),
        ("slow", "slow=2"),
        ("slow=3.5,on=order,every=2", "slow=3.5,on=order,every=2"),
        ("wrong", "wrong=json"),
        ("redirect=http://127.0.0.1:9001/2018-06-01/runtime", "redirect=http://127.0.0.1:9001/2018-06-01/runtime"),
        ("flaky=1,kind=lost,times=2,for=ful_01J", "flaky=1,times=2,for=ful_01J,kind=lost"),
        ("ratelimit=tomorrow,call=3", "ratelimit=tomorrow,call=3"),
    ],
)
def test_a_mode_is_read_and_written(text, said):
    assert str(parse(text)) == said
    assert str(parse(said)) == said


@pytest.mark.parametrize(
    "text",
    [
        "", "quick", "slow=soon", "slow=nan", "slow=-1", "slow=inf", "hang=3", "wrong=very", "redirect", "redirect=there",
        "slow,on=orders", "slow,every=0", "slow,every=x", "slow,sometimes=1", "slow,on", "flaky,kind=x",
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused(text):
    with pytest.raises(UnknownMode):
        parse(text)


def test_without_modes_all_is_correct():
    assert picked(Modes(), "order", "status") == ["correct", "correct"]


def test_an_operation_an_allocation_and_a_number_choose_the_calls():
    assert picked(Modes(["hang,on=status"]), "order", "status") == ["correct", "hang"]
    assert picked(Modes(["hang,every=2"]), *["order"] * 4) == ["correct", "hang", "correct", "hang"]
    assert picked(Modes(["hang,call=2"]), *["order"] * 4) == ["correct", "hang", "correct", "correct"]
    assert picked(Modes(["hang,times=1"]), *["order"] * 3) == ["hang", "correct", "correct"]
    assert picked(Modes(["hang,on=order,call=2"]), "order", "status", "order") == ["correct", "correct", "hang"]
    assert picked(Modes(["hang,for=ful_2"]), "order") == ["correct"]
    assert picked(Modes(["hang,for=ful_2"]), "order", allocation="ful_2_1") == ["hang"]


def test_the_first_that_fits_decides():
    modes = Modes(["hang,times=1", "slow,on=order"])
    assert picked(modes, "order", "order", "status") == ["hang", "slow", "correct"]
    modes.add("trickle")
    assert list(modes) == ["hang,times=1", "slow=2,on=order", "trickle=1"]


def test_a_list_with_a_mistake_changes_nothing():
    modes = Modes(["hang"])
    with pytest.raises(UnknownMode):
        modes.set(["slow", "quick"])
    assert list(modes) == ["hang"]


def test_chance_can_be_repeated():
    chances = [picked(Modes(["flaky=0.5"], seed=7), *["order"] * 200) for _ in range(2)]
    assert chances[0] == chances[1]
    assert 60 < chances[0].count("flaky") < 140
    assert set(picked(Modes(["flaky=0"]), *["order"] * 50)) == {"correct"}
    assert set(picked(Modes(["flaky=1"]), *["order"] * 50)) == {"flaky"}


def test_every_value_of_every_mode_can_be_set():
    for name, kind in KINDS.items():
        for value in kind.values:
            assert str(parse(f"{name}={value}")) == f"{name}={value}"
