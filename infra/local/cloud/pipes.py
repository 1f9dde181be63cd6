"""Gap: a pipe forgets its source and target parameters, so Terraform replaces every pipe at each apply.

They are kept and described here. Delivery is as it was: MiniStack ignores filters, batch sizes and retries.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

# Stored beside what MiniStack keeps of a pipe.
KEPT = (
    "SourceParameters",
    "TargetParameters",
    "Enrichment",
    "EnrichmentParameters",
    "LogConfiguration",
    "KmsKeyIdentifier",
)
# UpdatePipe names only what may change after creation.
STREAM_SOURCES = ("DynamoDBStreamParameters", "KinesisStreamParameters")


def with_starting_position(parameters: Json, pipe: Json) -> Json:
    """Source parameters whose stream part has the starting position, which `UpdatePipe` does not repeat."""
    completed = {**parameters}
    for source in STREAM_SOURCES:
        if source in completed:
            completed[source] = {"StartingPosition": pipe["StartingPosition"], **completed[source]}
    return completed


def starting_position(body: Json) -> str:
    parameters = body.get("SourceParameters") or {}
    for source in STREAM_SOURCES:
        if source in parameters:
            return str(parameters[source].get("StartingPosition", "LATEST"))
    return "LATEST"


def install() -> None:
    from ministack.services import pipes

    create, update, describe = pipes._create_pipe, pipes._update_pipe, pipes._describe_response

    def keep(name: str, body: Json) -> None:
        pipe = pipes._pipes[name]
        for field in KEPT:
            if field in body:
                pipe[field] = body[field]
        if "SourceParameters" in pipe:
            pipe["SourceParameters"] = with_starting_position(pipe["SourceParameters"], pipe)
        pipes._pipes[name] = pipe

    def create_and_keep(name: str, body: Json) -> Any:
        answer = create(name, body)
        if answer[0] < 400:
            # MiniStack takes the starting position from CloudFormation only, and begins at the latest record otherwise.
            pipe = pipes._pipes[name]
            pipe["StartingPosition"] = starting_position(body)
            pipes._positions[pipe["Arn"]] = pipes._initial_position(pipe)
            keep(name, body)
        return answer

    def update_and_keep(name: str, body: Json) -> Any:
        answer = update(name, body)
        if answer[0] < 400:
            keep(name, body)
        return answer

    def describe_in_full(pipe: Json) -> Json:
        return {**describe(pipe), **{field: pipe[field] for field in KEPT if field in pipe}}

    pipes._create_pipe = create_and_keep
    pipes._update_pipe = update_and_keep
    pipes._describe_response = describe_in_full
