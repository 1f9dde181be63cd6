"""Steps in any order, killed anywhere and cut across by each other: our record and the provider's books stay right."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chalicelib.core.errors import AisleError
from chalicelib.core.ids import new_id
from chalicelib.payments import service, store
from chalicelib.payments.service import CaptureDeclined, VoidDeclined
from tests.unit.payments.builders import BY, Crash, crash_once, due, interrupted_by, opened, stored

AMOUNT = 1000
TOKENS = [
    "tok_approve",
    "tok_timeout",
    "tok_timeout_declined",
    "tok_timeout_lost",
    "tok_late",
    "tok_duplicate",
    "tok_capture_timeout",
    "tok_void_timeout",
    "tok_decline_stolen_card",
]
FULFILMENTS = ["f1", "f2"]
CALLS = ["authorise", "look_up", "forestall", "capture", "void"]
STEPS = ["authorise", "look_up", "void", *FULFILMENTS]
MOMENTS = st.sampled_from(["before", "after"])


class Workflow(RuleBasedStateMachine):
    """One order's payment; `attempt` swallows what a workflow would catch and repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.order_id = new_id("ord")
        self.opened = False

    def run(self, step: str, provider: Callable[[str], Any] | None = None) -> None:
        more: dict[str, Any] = {"provider": provider} if provider else {}
        try:
            if step in FULFILMENTS:
                service.capture(self.order_id, step, BY, **more)
            elif step == "void":
                service.void(self.order_id, "order_refused", BY, **more)
            else:
                getattr(service, step)(self.order_id, BY, **more)
        except (Crash, AisleError, CaptureDeclined, VoidDeclined):
            return

    def open(self, token: str) -> None:
        if not self.opened:
            opened(token, AMOUNT, self.order_id)
            self.opened = True

    @rule(token=st.sampled_from(TOKENS), step=st.sampled_from(STEPS))
    def complete(self, token: str, step: str) -> None:
        self.open(token)
        self.run(step)

    @rule(token=st.sampled_from(TOKENS), step=st.sampled_from(STEPS), call=st.sampled_from(CALLS), moment=MOMENTS)
    def crash(self, token: str, step: str, call: str, moment: str) -> None:
        self.open(token)
        self.run(step, crash_once(call, moment))

    @rule(
        token=st.sampled_from(TOKENS),
        step=st.sampled_from(STEPS),
        other=st.sampled_from(STEPS),
        call=st.sampled_from(CALLS),
        moment=MOMENTS,
    )
    def cut_across(self, token: str, step: str, other: str, call: str, moment: str) -> None:
        self.open(token)
        self.run(step, interrupted_by(call, moment, lambda: self.run(other)))

    @rule(key=st.sampled_from(FULFILMENTS), amount=st.integers(0, 600), final=st.booleans())
    def ship(self, key: str, amount: int, final: bool) -> None:
        try:
            due(self.order_id, key, amount, final=final)
        except (AisleError, ValueError):
            return

    @invariant()
    def a_key_acts_once(self) -> None:
        for intent in ("authorise", "void", *(f"capture:{one}" for one in FULFILMENTS)):
            assert store.sandbox_operations(f"{self.order_id}:{intent}") <= 1, intent

    @invariant()
    def amounts_do_not_cross(self) -> None:
        if self.opened:
            payment = stored(self.order_id)
            owed = payment.captured + sum(payment.dues.values())
            assert 0 <= owed + payment.voided <= payment.authorised <= AMOUNT
            # What we have not recorded, the provider may have done; what we have recorded, it did.
            assert payment.captured <= self.taken() <= owed

    def taken(self) -> int:
        books = [store.sandbox_find(f"{self.order_id}:capture:{one}") for one in FULFILMENTS]
        return sum(one.amount for one in books if one)

    def teardown(self) -> None:
        """Whatever happened, running the steps again brings our record and the provider's books together."""
        if not self.opened:
            return
        for _ in range(3):
            for step in ("authorise", "look_up", *FULFILMENTS):
                self.run(step)
            if stored(self.order_id).closing:
                self.run("void")
        payment = stored(self.order_id)
        held = store.sandbox_find(f"{self.order_id}:authorise")
        assert payment.decided
        assert (payment.captured, dict(payment.dues)) == (self.taken(), {})
        if payment.authorised:
            assert held is not None
            assert held.remaining == payment.remainder
        else:
            assert held is None or held.declined or held.barred
        if payment.closing and not payment.captured:
            assert payment.voided == payment.authorised


@pytest.mark.slow
def test_any_order_of_steps_crashes_and_races(memory: Any) -> None:
    run_state_machine_as_test(
        Workflow,
        settings=settings(
            max_examples=30, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
