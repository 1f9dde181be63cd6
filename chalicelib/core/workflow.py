"""Standard workflows: starting one, and answering one that waits. Task tokens rest encrypted."""

import json
from typing import Any

from chalicelib.core.aws import client
from chalicelib.core.settings import settings

_TOKEN_CONTEXT = {"purpose": "task-token"}
_OVER = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


class Workflow:
    """A waiting state, reached by its task token."""

    def seal(self, token: str) -> bytes:
        """The token as it may be stored."""
        answer = client("kms").encrypt(
            KeyId=settings().token_key_id, Plaintext=token.encode(), EncryptionContext=_TOKEN_CONTEXT
        )
        sealed: bytes = answer["CiphertextBlob"]
        return sealed

    def complete_sealed(self, sealed: bytes, output: dict[str, Any]) -> None:
        """As `complete`, for a stored token."""
        answer = client("kms").decrypt(CiphertextBlob=sealed, EncryptionContext=_TOKEN_CONTEXT)
        self.complete(answer["Plaintext"].decode(), output)

    def complete(self, token: str, output: dict[str, Any]) -> None:
        """Let the workflow go on. A workflow that waits no longer was told before, or was stopped: nothing to do."""
        states = client("stepfunctions")
        try:
            states.send_task_success(taskToken=token, output=json.dumps(output))
        except states.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _OVER:
                raise


def start(machine_arn: str, execution: str, given: dict[str, Any]) -> None:
    """Start an execution under a name of its own; a second start under that name is harmless."""
    states = client("stepfunctions")
    try:
        states.start_execution(stateMachineArn=machine_arn, name=execution, input=json.dumps(given))
    except states.exceptions.ExecutionAlreadyExists:
        return


def status_of(machine_arn: str, execution: str) -> str | None:
    """Of the execution with this name: RUNNING or how it ended. None when there is none, or when it ended more than 90 days
    ago."""
    states = client("stepfunctions")
    arn = machine_arn.replace(":stateMachine:", ":execution:")
    try:
        status: str = states.describe_execution(executionArn=f"{arn}:{execution}")["status"]
    except states.exceptions.ExecutionDoesNotExist:
        return None
    return status
