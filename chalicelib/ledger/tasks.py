"""Tasks of pay-suppliers."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.ledger.service import use_cases as service

functions = Blueprint(__name__)
tasks = Tasks("ledger")


@tasks.task
def pay_chunk(run_id: str, after: str | None, unpaid: list[str], by: Principal) -> Outcome:
    """Pay the next suppliers of a run, or carry what they are owed."""
    return service.pay_chunk(run_id, after, unpaid, by)


@tasks.task
def finish_run(run_id: str, unpaid: list[str], by: Principal) -> Outcome:
    """Pay those who could not be decided on before, send what is still booked, and end the run."""
    return service.finish_run(run_id, unpaid, by)


@tasks.task
def stop_run(run_id: str, state: str, error: Any, by: Principal) -> Outcome:
    """Leave the run for an administrator."""
    return service.stop_run(run_id, state, str(error), by)


@functions.lambda_function(name="ledger-tasks")
def ledger_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions pay-suppliers."""
    return tasks.run(event)
