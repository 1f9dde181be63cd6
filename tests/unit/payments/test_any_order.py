"""Steps in any order, killed anywhere and cut across by each other: our record and the providers' books stay right."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from chalicelib.core.errors import AisleError
from chalicelib.core.ids import new_id
from chalicelib.payments import service, store
from chalicelib.payments.service import CaptureDeclined, RefundDeclined, VoidDeclined
from tests.unit.payments.builders import BY, Crash, card, crash_once, due, interrupted_by, opened, refund, stored
from tests.unit.payments.test_domain import check

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
    "tok_refund_timeout",
    "tok_decline_stolen_card",
]
FULFILMENTS = ["f1", "f2"]
REFUNDS = ["r1", "r2"]
CALLS = ["authorise", "look_up", "forestall", "capture", "void", "refund"]
STEPS = ["authorise", "settle", "void", *FULFILMENTS]
MOMENTS = st.sampled_from(["before", "after"])


class Workflow(RuleBasedStateMachine):
    """One order's payment by one card or two; `run` swallows what a workflow would catch and repeat."""

    order_id = ""

    @initialize(first=st.sampled_from(TOKENS), second=st.sampled_from(["", "tok_approve", *TOKENS]))
    def open(self, first: str, second: str) -> None:
        self.order_id = new_id("ord")
        self.tenders = ["", "/2"] if second else [""]
        opened(None, AMOUNT, self.order_id, [card(first, 400), card(second)] if second else [card(first)])

    def run(self, step: str, provider: Callable[[str], Any] | None = None) -> None:
        more: dict[str, Any] = {"provider": provider} if provider else {}
        try:
            if step in FULFILMENTS:
                service.capture(self.order_id, step, BY, **more)
            elif step == "void":
                service.void(self.order_id, "order_refused", BY, **more)
            else:
                getattr(service, step)(self.order_id, BY, **more)
        except (Crash, AisleError, CaptureDeclined, VoidDeclined, RefundDeclined):
            return

    @rule()
    def authorise(self) -> None:
        self.run("authorise")

    @rule(step=st.sampled_from(STEPS))
    def complete(self, step: str) -> None:
        self.run(step)

    @rule(step=st.sampled_from(STEPS), call=st.sampled_from(CALLS), moment=MOMENTS)
    def crash(self, step: str, call: str, moment: str) -> None:
        self.run(step, crash_once(call, moment))

    @rule(step=st.sampled_from(STEPS), other=st.sampled_from(STEPS), call=st.sampled_from(CALLS), moment=MOMENTS)
    def cut_across(self, step: str, other: str, call: str, moment: str) -> None:
        self.run(step, interrupted_by(call, moment, lambda: self.run(other)))

    @rule(key=st.sampled_from(FULFILMENTS), amount=st.integers(0, 600), final=st.booleans())
    def ship(self, key: str, amount: int, final: bool) -> None:
        try:
            due(self.order_id, key, amount, final=final)
        except (AisleError, ValueError):
            return

    @rule(key=st.sampled_from(REFUNDS), amount=st.integers(1, 600))
    def ask_back(self, key: str, amount: int) -> None:
        try:
            refund(key, amount, self.order_id)
        except (AisleError, ValueError):
            return

    @invariant()
    def amounts_do_not_cross(self) -> None:
        payment = stored(self.order_id)
        check(payment)
        owed = payment.captured + sum(payment.dues.values())
        # What we have not recorded, the provider may have done; what we have recorded, it did.
        assert payment.captured <= self.taken() <= owed
        asked_back = sum(refund.amount for refund in payment.refunds)
        assert payment.refunded <= self.refunded() <= asked_back <= owed

    def taken(self) -> int:
        return self._booked([f"capture:{one}" for one in FULFILMENTS])

    def refunded(self) -> int:
        return self._booked([f"refund:{key}:{one}" for key in REFUNDS for one in FULFILMENTS])

    def _booked(self, intents: list[str]) -> int:
        keys = [f"{self.order_id}:{intent}{number}" for intent in intents for number in self.tenders]
        return sum(one.amount for one in map(store.sandbox_find, keys) if one)

    def a_key_acts_once(self) -> None:
        captures = [f"capture:{one}" for one in FULFILMENTS]
        refunds = [f"refund:{key}:{one}" for key in REFUNDS for one in FULFILMENTS]
        for intent in ("authorise", "void", *captures, *refunds):
            for number in self.tenders:
                assert store.sandbox_operations(f"{self.order_id}:{intent}{number}") <= 1, intent

    def teardown(self) -> None:
        """Whatever happened, running the steps again brings our record and the providers' books together."""
        if not self.order_id:
            return
        # Two cards whose answers are lost, the second found by its second look-up only, take four.
        for _ in range(4):
            for step in ("authorise", *FULFILMENTS, "settle"):
                self.run(step)
            if stored(self.order_id).closing:
                self.run("void")
        self.a_key_acts_once()
        payment = stored(self.order_id)
        assert payment.decided
        assert (payment.captured, payment.dues) == (self.taken(), {})
        assert payment.refunded == self.refunded() == sum(refund.amount for refund in payment.refunds)
        for tender, number in zip(payment.tenders, self.tenders, strict=True):
            held = store.sandbox_find(f"{self.order_id}:authorise{number}")
            if tender.authorised:
                assert held is not None
                assert held.remaining == tender.remainder
            else:
                assert held is None or held.declined or held.barred
        if payment.closing and not payment.captured:
            assert payment.voided == payment.authorised


@pytest.mark.slow
def test_any_order_of_steps_crashes_and_races(memory: Any) -> None:
    run_state_machine_as_test(
        Workflow,
        settings=settings(
            max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
