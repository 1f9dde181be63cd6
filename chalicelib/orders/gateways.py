"""The workflow of an order."""

import json

from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings


def start_place_order(order_id: str, execution: str) -> None:
    """Start place-order for an order under a name of its own; a second start under that name is harmless."""
    states = client("stepfunctions")
    try:
        states.start_execution(
            stateMachineArn=settings().place_order_arn,
            name=execution,
            input=json.dumps({"order_id": order_id, "correlation_id": trace().correlation_id}),
        )
    except states.exceptions.ExecutionAlreadyExists:
        return


def execution_status(execution: str) -> str | None:
    """Of the execution of place-order with this name: RUNNING or how it ended. None when there is none, or when it ended
    more than 90 days ago."""
    states = client("stepfunctions")
    arn = settings().place_order_arn.replace(":stateMachine:", ":execution:")
    try:
        status: str = states.describe_execution(executionArn=f"{arn}:{execution}")["status"]
    except states.exceptions.ExecutionDoesNotExist:
        return None
    return status
