"""Gap: a pipe forgets its source and target parameters, so Terraform replaces every pipe at each apply.

They are kept and described here. Delivery is as it was: MiniStack ignores filters, batch sizes and retries.

And a gap with PERSIST=1: a pipe's position in its stream outlives a restart and the stream does not, so after a restart
the pipe would be deaf to as many records as it had delivered before. It begins anew with the stream.
"""

from __future__ import annotations

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
STREAM_SOURCES = ("DynamoDBStreamParameters", "KinesisStreamParameters")


def starting_position(body: Json) -> str:
    """Where a new pipe begins to read its stream."""
    parameters = body.get("SourceParameters") or {}
    named = [parameters[source].get("StartingPosition") for source in STREAM_SOURCES if source in parameters]
    return str(next(filter(None, named), "LATEST"))


def kept(body: Json, pipe: Json) -> Json:
    """What to store of a `CreatePipe` or `UpdatePipe`; the latter does not repeat the starting position."""
    fields = {field: body[field] for field in KEPT if field in body}
    if "SourceParameters" in fields:
        fields["SourceParameters"] = {
            name: {"StartingPosition": pipe["StartingPosition"], **value} if name in STREAM_SOURCES else value
            for name, value in fields["SourceParameters"].items()
        }
    return fields


def position_within(stream_end: int, position: int) -> int:
    """The position to read on from: one beyond the end belongs to a stream of before a restart."""
    return 0 if position > stream_end else position


def install() -> None:
    from ministack.services import pipes as service

    poll = service._poll_pipe
    create, update, describe = service._create_pipe, service._update_pipe, service._describe_response

    def create_and_keep(name: str, body: Json) -> Any:
        answer = create(name, body)
        if answer[0] < 400:
            # MiniStack takes the starting position from CloudFormation only, and begins at the latest record otherwise.
            pipe = service._pipes[name]
            pipe["StartingPosition"] = starting_position(body)
            service._positions[pipe["Arn"]] = service._initial_position(pipe)
            pipe.update(kept(body, pipe))
        return answer

    def update_and_keep(name: str, body: Json) -> Any:
        answer = update(name, body)
        if answer[0] < 400:
            service._pipes[name].update(kept(body, service._pipes[name]))
        return answer

    def describe_in_full(pipe: Json) -> Json:
        return {**describe(pipe), **{field: pipe[field] for field in KEPT if field in pipe}}

    def poll_after_restart(dynamodb: Any, pipe: Json, account_id: str) -> None:
        source = service._dynamodb_stream_source(pipe.get("Source", ""))
        if source is not None and pipe["Arn"] in service._positions:
            spec, table = source
            end = dynamodb.stream_end_position(table, account_id=account_id, region=spec.region)
            service._positions[pipe["Arn"]] = position_within(end, int(service._positions[pipe["Arn"]]))
        poll(dynamodb, pipe, account_id)

    service._poll_pipe = poll_after_restart
    service._create_pipe = create_and_keep
    service._update_pipe = update_and_keep
    service._describe_response = describe_in_full
