"""AWS clients that talk to the local cloud and to nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

# The local clouds accept these everywhere; with IAM=1 they are the account's root.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def client(record: Mapping[str, Any], service: str, **options: Any) -> Any:
    """A boto3 client for a stack's record; options are boto3's own."""
    session: Any = boto3.session.Session(
        CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=record["region"]
    )
    return session.client(service, **{"endpoint_url": record["endpoint_url"], **options})
