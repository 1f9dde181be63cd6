"""Tasks of suppliers for the workflow onboard-supplier."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.suppliers.service import run_onboarding

functions = Blueprint(__name__)
tasks = Tasks("suppliers")


@tasks.task
def correct_profile(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Put right what is sure."""
    return run_onboarding.correct_profile(supplier_id, version, by)


@tasks.task
def verify_profile(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Find what is wrong, without calling anybody."""
    return run_onboarding.verify_profile(supplier_id, version, by)


@tasks.task
def probe_endpoint(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Try out the supplier's own API."""
    return run_onboarding.probe(supplier_id, version, by)


@tasks.task
def decide_supplier(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Approve, reject, or leave it to a person."""
    return run_onboarding.decide(supplier_id, version, by)


@tasks.task
def open_review(supplier_id: str, version: int, task_token: str, by: Principal) -> Outcome:
    """Open a case, and keep the token: the workflow waits until it is decided."""
    return run_onboarding.open_review(supplier_id, version, task_token, by)


@tasks.task
def approve_supplier(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Do what a reviewer has decided: approve."""
    return run_onboarding.approve_reviewed(supplier_id, version, by)


@tasks.task
def reject_supplier(supplier_id: str, version: int, reason: str, by: Principal) -> Outcome:
    """Refuse it: a reviewer has decided so, or nobody did in time."""
    return run_onboarding.reject(supplier_id, version, reason, by)


@tasks.task
def park_onboarding(supplier_id: str, version: int, state: str, by: Principal) -> Outcome:
    """Leave what could not be finished to a person."""
    return run_onboarding.park_onboarding(supplier_id, version, state, by)


@functions.lambda_function(name="suppliers-tasks")
def suppliers_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions onboard-supplier, state AwaitReview of which waits for a task token."""
    return tasks.run(event)
