"""Looking again a little later, by a message that is delayed."""

import json
from typing import Protocol

from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings


class Checks(Protocol):
    """Whoever has a look at a command after a while. It may happen twice."""

    def later(self, cabinet_id: str, command_id: str, attempt: int, seconds: int) -> None: ...


class QueuedChecks:
    """By a delayed message of SQS (at most 15 minutes)."""

    def later(self, cabinet_id: str, command_id: str, attempt: int, seconds: int) -> None:
        """Have `on_command_check` called after so many seconds."""
        message = {
            "cabinet_id": cabinet_id,
            "command_id": command_id,
            "attempt": attempt,
            "correlation_id": trace().correlation_id,
        }
        client("sqs").send_message(
            QueueUrl=settings().command_checks_url, MessageBody=json.dumps(message), DelaySeconds=seconds
        )
