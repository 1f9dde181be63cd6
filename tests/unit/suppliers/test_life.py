"""The life of a supplier, whatever happens to it in whatever order."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.core.findings import Correction
from chalicelib.suppliers.domain import SupplierStatus, life
from chalicelib.suppliers.domain.life import NothingToCorrect, NotInThisStatus
from chalicelib.suppliers.domain.profile import seller_of
from chalicelib.suppliers.domain.record import Check
from tests.unit.suppliers.builders import a_profile

NOW = "2026-01-01T00:00:00.000000Z"
BY = {"kind": "system", "id": "test"}
S = SupplierStatus


def an_approved() -> Any:
    return life.approved(life.applied("sup_1", a_profile(), NOW), (), NOW)


@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize(
    ("step", "allowed"),
    [
        (lambda one: life.suspended(one, "late", NOW), {S.APPROVED}),
        (lambda one: life.reinstated(one, NOW), {S.SUSPENDED}),
        (lambda one: life.offboarded(one, "over", NOW), {S.APPROVED, S.SUSPENDED}),
        (lambda one: life.submitted(one, a_profile(), NOW), set(S) - {S.OFFBOARDED}),
        (lambda one: life.with_secret(one, NOW), set(S) - {S.OFFBOARDED}),
    ],
)
def test_what_a_status_allows(status: S, step: Any, allowed: set[S]) -> None:
    from dataclasses import replace

    one = replace(an_approved(), status=status)
    if status in allowed:
        assert step(one).version == one.version + 1
    else:
        with pytest.raises(NotInThisStatus):
            step(one)


def test_an_approved_one_sells_by_what_was_approved_while_a_change_is_verified() -> None:
    one = life.submitted(an_approved(), a_profile(trading_name="Blue Mugs"), NOW)
    assert (one.status, one.check, seller_of(one).name) == (S.APPROVED, Check.VERIFYING, "Red Mugs")
    refused = life.rejected(one, "review", NOW)
    assert (refused.status, refused.check, seller_of(refused).sells) == (S.APPROVED, Check.REJECTED, True)
    assert seller_of(life.approved(one, (), NOW)).name == "Blue Mugs"


def test_nothing_is_corrected_that_nobody_verifies() -> None:
    with pytest.raises(NothingToCorrect):
        life.with_corrections(an_approved(), [Correction("/trading_name", "x", "Red Mugs", "Y", 100)], BY, NOW)


class Life(RuleBasedStateMachine):
    """Every step in any order; refused ones change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.one = life.applied("sup_1", a_profile(), NOW)
        self.was_offboarded = False

    def go(self, step: Any) -> None:
        before = self.one
        with suppress(NotInThisStatus, NothingToCorrect):
            self.one = step(before)
            assert self.one.version == before.version + 1

    @rule(name=st.sampled_from(["Red Mugs", "Blue Mugs"]))
    def submit(self, name: str) -> None:
        self.go(lambda one: life.submitted(one, a_profile(trading_name=name), NOW))
        if not self.was_offboarded:
            assert self.one.submission == self.one.version

    @rule()
    def correct(self) -> None:
        submission = self.one.submission
        name = self.one.profile.get("trading_name")
        self.go(lambda one: life.with_corrections(one, [Correction("/trading_name", "x", name, "Z", 100)], BY, NOW))
        assert self.one.submission == submission

    @precondition(lambda self: self.one.is_open)
    @rule()
    def verify(self) -> None:
        self.go(lambda one: life.verified(one, [], NOW))

    @precondition(lambda self: self.one.is_open)
    @rule()
    def review(self) -> None:
        self.go(lambda one: life.sent_to_review(one, "rev_1", NOW))

    @precondition(lambda self: self.one.is_open)
    @rule()
    def approve(self) -> None:
        suspended = self.one.status is S.SUSPENDED
        proposed = self.one.proposed
        self.go(lambda one: life.approved(one, ("brand:x",), NOW))
        assert self.one.approved == proposed
        assert self.one.status is (S.SUSPENDED if suspended else S.APPROVED)

    @precondition(lambda self: self.one.is_open)
    @rule()
    def reject(self) -> None:
        approved = self.one.approved
        self.go(lambda one: life.rejected(one, "review", NOW))
        assert self.one.approved == approved

    @rule()
    def suspend(self) -> None:
        self.go(lambda one: life.suspended(one, "late", NOW))

    @rule()
    def reinstate(self) -> None:
        self.go(lambda one: life.reinstated(one, NOW))

    @rule()
    def offboard(self) -> None:
        self.go(lambda one: life.offboarded(one, "over", NOW))
        self.was_offboarded = self.was_offboarded or self.one.status is S.OFFBOARDED

    @invariant()
    def whoever_sells_was_approved(self) -> None:
        if self.one.status in (S.APPROVED, S.SUSPENDED):
            assert self.one.approved is not None
            assert seller_of(self.one).name == self.one.approved["trading_name"]

    @invariant()
    def status_and_check_agree(self) -> None:
        expected = {Check.VERIFYING: S.APPLIED, Check.IN_REVIEW: S.IN_REVIEW, Check.REJECTED: S.REJECTED}
        if self.one.approved is None:
            assert self.one.status is expected[self.one.check]
        assert (self.one.check is Check.NONE) == (self.one.proposed is None)

    @invariant()
    def offboarded_is_the_end(self) -> None:
        if self.was_offboarded:
            assert self.one.status is S.OFFBOARDED


TestLife = Life.TestCase
