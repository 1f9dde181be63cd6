"""The clients of `core/aws.py`, each call over the wire. What is not spoken here raises, loudly."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.cloud.machines import StepFunctions
from tests.simulation.cloud.messages import Queues
from tests.simulation.dynamodb import refusal
from tests.simulation.wire import Wire

_QUEUES = "https://sqs.simulated/"


class Clients:
    """Makes the client of a service."""

    def __init__(self, wire: Wire, queues: Queues, step_functions: StepFunctions) -> None:
        self._clients: Mapping[str, Any] = {
            "sqs": _Sqs(wire, queues),
            "sns": _Sns(wire),
            "kms": _Kms(wire),
            "stepfunctions": _StepFunctions(wire, step_functions),
        }

    def __call__(self, service: str) -> Any:
        return self._clients[service]

    @property
    def told(self) -> list[dict[str, Any]]:
        """What went out through SNS, in order."""
        told: list[dict[str, Any]] = self._clients["sns"].published
        return told


def queue_url(name: str) -> str:
    """The URL of a queue, as settings hold it."""
    return _QUEUES + name


class _Sqs:
    def __init__(self, wire: Wire, queues: Queues) -> None:
        self._wire = wire
        self._queues = queues

    def get_queue_url(self, QueueName: str, QueueOwnerAWSAccountId: str = "") -> dict[str, str]:  # noqa: N803
        return self._wire.call("sqs.get_queue_url", lambda: {"QueueUrl": queue_url(QueueName)}, QueueName)

    def send_message(
        self,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageAttributes: Mapping[str, Any] | None = None,  # noqa: N803
        DelaySeconds: int = 0,  # noqa: N803
    ) -> dict[str, str]:
        name = QueueUrl.removeprefix(_QUEUES)
        attributes = {key: value["StringValue"] for key, value in (MessageAttributes or {}).items()}

        def send() -> dict[str, str]:
            self._queues.send(name, MessageBody, attributes)
            return {}

        return self._wire.call("sqs.send_message", send, lambda: f"{name} {attributes} {MessageBody}")

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> dict[str, str]:  # noqa: N803
        name = QueueUrl.removeprefix(_QUEUES)

        def delete() -> dict[str, str]:
            self._queues.delete(name, ReceiptHandle)
            return {}

        return self._wire.call("sqs.delete_message", delete, name)


class _Sns:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.published: list[dict[str, Any]] = []

    def publish(self, **arguments: Any) -> dict[str, str]:
        def tell() -> dict[str, str]:
            self.published.append(arguments)
            return {"MessageId": "simulated"}

        return self._wire.call("sns.publish", tell, lambda: str(arguments))


class _Kms:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def encrypt(self, KeyId: str, Plaintext: bytes, EncryptionContext: Mapping[str, str]) -> dict[str, bytes]:  # noqa: N803
        return self._wire.call("kms.encrypt", lambda: {"CiphertextBlob": b"sealed:" + Plaintext})

    def decrypt(self, CiphertextBlob: bytes, EncryptionContext: Mapping[str, str]) -> dict[str, bytes]:  # noqa: N803
        return self._wire.call("kms.decrypt", lambda: {"Plaintext": CiphertextBlob.removeprefix(b"sealed:")})

    def generate_mac(self, KeyId: str, MacAlgorithm: str, Message: bytes) -> dict[str, bytes]:  # noqa: N803
        return self._wire.call("kms.generate_mac", lambda: {"Mac": hmac.digest(KeyId.encode(), Message, "sha256")})


class _StepFunctions:
    def __init__(self, wire: Wire, service: StepFunctions) -> None:
        self._wire = wire
        self._service = service
        self.exceptions = SimpleNamespace(
            ClientError=ClientError,
            ExecutionAlreadyExists=type("ExecutionAlreadyExists", (ClientError,), {}),
            ExecutionDoesNotExist=type("ExecutionDoesNotExist", (ClientError,), {}),
        )

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, str]:  # noqa: N803
        def start() -> dict[str, str]:
            if not self._service.start(stateMachineArn, name, input):
                raise self._error("ExecutionAlreadyExists", "StartExecution")
            return {}

        return self._call("states.start_execution", start, name)

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        def describe() -> dict[str, str]:
            execution = self._service.execution(executionArn)
            if execution is None:
                raise self._error("ExecutionDoesNotExist", "DescribeExecution")
            return {"status": execution.status}

        return self._call("states.describe_execution", describe, executionArn)

    def send_task_success(self, taskToken: str, output: str) -> dict[str, str]:  # noqa: N803
        def succeed() -> dict[str, str]:
            if not self._service.succeed(taskToken, output):
                raise refusal("TaskTimedOut", "Task Timed Out", "SendTaskSuccess")
            return {}

        return self._call("states.send_task_success", succeed, lambda: f"{taskToken} {output}")

    def send_task_failure(self, taskToken: str, error: str = "", cause: str = "") -> dict[str, str]:  # noqa: N803
        def fail() -> dict[str, str]:
            if not self._service.fail(taskToken, error, cause):
                raise refusal("TaskTimedOut", "Task Timed Out", "SendTaskFailure")
            return {}

        return self._call("states.send_task_failure", fail, lambda: f"{taskToken} {error}")

    def _error(self, code: str, operation: str) -> ClientError:
        kind: type[ClientError] = getattr(self.exceptions, code)
        return kind(refusal(code, "simulated", operation).response, operation)

    def _call(self, what: str, effect: Callable[[], Any], detail: Any) -> Any:
        return self._wire.call(what, effect, detail)
