"""One table in memory for all tests of notifications, emptied for each: making one takes longer than most of them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.conftest import create_table


@pytest.fixture(scope="module")
def shared_table() -> Iterator[Any]:
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        create_table(dynamodb)
        yield dynamodb


@pytest.fixture
def table(shared_table: Any) -> Any:
    """An empty table. Yields the low-level client."""
    empty(shared_table)
    return shared_table


def empty(dynamodb: Any) -> None:
    for item in dynamodb.scan(TableName="aisle-test", ConsistentRead=True)["Items"]:
        dynamodb.delete_item(TableName="aisle-test", Key={"pk": item["pk"], "sk": item["sk"]})
