"""A real DynamoDB on this machine for this test process alone, and the services talking to it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib.core.table import Item
from chalicelib.inventory import service
from tests.bare_cloud import bare_cloud
from tests.conftest import create_table


@pytest.fixture(scope="session")
def dynamodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_cloud(tmp_path_factory.mktemp("dynamodb")) as endpoint:
        yield endpoint


@pytest.fixture
def real_table(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty table on it; the services use it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_url)
    dynamodb = boto3.client("dynamodb")
    create_table(dynamodb)
    _connect_anew()
    service.forget_locations()
    yield dynamodb
    dynamodb.delete_table(TableName="aisle-test")
    _connect_anew()
    service.forget_locations()


def _connect_anew() -> None:
    # PynamoDB keeps its client, and with it the endpoint.
    Item._connection = None
