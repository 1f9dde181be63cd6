"""What every test stands on: an environment, a table in memory, and calls to the real application.

The environment is set before anything of ours is imported, because settings are read once.
"""

import base64
import copy
import json as jsonlib
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from threading import Lock
from typing import Any

os.environ.update(
    AISLE_STAGE="test",
    AISLE_TABLE="aisle-test",
    AISLE_CURSOR_KEY_ID="alias/aisle-test-cursors",
    AISLE_CONTACT_KEY_ID="alias/aisle-test-contacts",
    AISLE_CODES_KEY_ID="alias/aisle-test-codes",
    AISLE_GRANTS_KEY_ID="alias/aisle-test-grants",
    AISLE_PASSCODES_KEY_ID="alias/aisle-test-passcodes",
    AISLE_TOKEN_KEY_ID="alias/aisle-test-tokens",
    AISLE_TRACING="off",
    AWS_REGION="eu-west-1",
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_EC2_METADATA_DISABLED="true",
    POWERTOOLS_LOG_LEVEL="CRITICAL",
    POWERTOOLS_METRICS_NAMESPACE="Aisle",
    POWERTOOLS_SERVICE_NAME="aisle",
)
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

# A shell starts what runs in the background with Ctrl-C ignored, and children inherit that; tests interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import boto3
import hypothesis
import pytest
from chalice.app import Chalice, IAMAuthorizer
from chalice.local import LambdaContext, LambdaEventConverter, RouteMatcher
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID, responses
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from chalicelib.core.auth import RESOURCE_SERVER, USER_SCOPE, Principal, Role

# A busy machine is no fault of the code under test.
hypothesis.settings.register_profile("aisle", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("aisle")

STRING_KEYS = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk")

ADMIN = Principal("user", "usr_admin", roles=frozenset({Role.ADMIN}))
ASSOCIATE = Principal("user", "usr_associate", roles=frozenset({Role.ASSOCIATE}))
SUPPLIER = Principal("user", "usr_supplier", roles=frozenset({Role.SUPPLIER}))
SHOPPER = Principal("user", "usr_shopper", roles=frozenset({Role.SHOPPER}))


def a_shopper(id: str) -> Principal:
    """Another customer."""
    return Principal("user", id, roles=frozenset({Role.SHOPPER}))


def a_machine(*scopes: str, id: str = "client-1") -> Principal:
    """A machine client with scopes such as `catalog.write`."""
    return Principal("machine", id, scopes=frozenset(scopes))


def _index(number: int, projection: dict[str, Any]) -> dict[str, Any]:
    return {
        "IndexName": f"gsi{number}",
        "KeySchema": [
            {"AttributeName": f"gsi{number}pk", "KeyType": "HASH"},
            {"AttributeName": f"gsi{number}sk", "KeyType": "RANGE"},
        ],
        "Projection": projection,
    }


def create_table(dynamodb: Any, name: str = "aisle-test") -> None:
    """The table as Terraform makes it (infra/terraform/table.tf), or the one there is, emptied."""
    if name in dynamodb.list_tables()["TableNames"]:
        empty(dynamodb)
        return
    summary = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["summary"]}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in STRING_KEYS],
        GlobalSecondaryIndexes=[_index(1, summary), _index(2, summary), _index(3, {"ProjectionType": "KEYS_ONLY"})],
    )


def _light_copy(table: Table, memo: dict[int, Any]) -> Table:
    """moto copies the whole table before each action of a transaction. What is in it is never changed in place (see
    below), so the copy shares it; the tests take a third of the time."""
    light = copy.copy(table)
    light.items = defaultdict(dict, {key: dict(items) for key, items in table.items.items()})
    memo[id(table)] = light
    return light


_update_item = DynamoDBBackend.update_item


def _update_a_copy(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **named: Any) -> Any:
    """moto changes an item in place; copies of its table keep the old one."""
    items = backend.get_table(table_name).items.get(DynamoType(key["pk"]), {})
    at = DynamoType(key["sk"])
    if at in items:
        items[at] = copy.deepcopy(items[at])
    return _update_item(backend, table_name, key, *args, **named)


Table.__deepcopy__ = _light_copy  # type: ignore[attr-defined]
DynamoDBBackend.update_item = _update_a_copy  # type: ignore[assignment, method-assign]

# For each call moto looks for all methods of its service.
responses.method_names_from_class = cache(responses.method_names_from_class)

_pick = AttributePicker.__call__


def _pick_type(picker: AttributePicker, context: AttributePickerContext) -> Any:
    """A value has one of ten types; moto looks for each of them under several names."""
    if getattr(getattr(context.shape, "parent", None), "name", None) == "AttributeValue":
        return context.obj.get(context.key)
    return _pick(picker, context)


AttributePicker.__call__ = _pick_type  # type: ignore[method-assign]

_cast = DynamoType.cast_value.fget


def _cast_quickly(value: DynamoType) -> Any:
    """Most of what moto compares is text, which it tries to take for everything else first."""
    return value.value if value.type == "S" else _cast(value)


DynamoType.cast_value = property(_cast_quickly)  # type: ignore[method-assign, assignment]

_call_ids = count()


def _call_id(headers: dict[str, Any]) -> str:
    """moto draws 52 letters by lot for each call."""
    id = f"{next(_call_ids):052}"
    headers["x-amzn-requestid"] = id
    return id


responses.gen_amzn_requestid_long = _call_id

_one_at_a_time = Lock()
_call_action = DynamoHandler.call_action


def _call_alone(handler: DynamoHandler) -> Any:
    """moto copies all tables before a transaction and puts them back when it fails; parallel calls would get lost."""
    with _one_at_a_time:
        return _call_action(handler)


DynamoHandler.call_action = _call_alone  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def memory() -> Iterator[Any]:
    """AWS in memory, with the table and the keys that sign cursors and grants, hash contacts and
    passcodes, and hide task tokens. Made once: it takes longer
    than most tests. Yields the low-level client of DynamoDB."""
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        create_table(dynamodb)
        kms = boto3.client("kms")
        for alias, arguments in {
            "alias/aisle-test-cursors": {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
            "alias/aisle-test-contacts": {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
            "alias/aisle-test-codes": {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
            "alias/aisle-test-grants": {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"},
            "alias/aisle-test-passcodes": {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
            "alias/aisle-test-tokens": {},
        }.items():
            made = kms.create_key(**arguments)
            kms.create_alias(AliasName=alias, TargetKeyId=made["KeyMetadata"]["KeyId"])
        yield dynamodb


@pytest.fixture
def table(memory: Any) -> Any:
    """An empty table. Yields the low-level client."""
    empty(memory)
    return memory


def empty(dynamodb: Any) -> None:
    """Remove every item of the table."""
    # With this address it is moto's, where item by item takes longer than most tests.
    if dynamodb.meta.endpoint_url.endswith(".amazonaws.com"):
        dynamodb_backends[DEFAULT_ACCOUNT_ID][dynamodb.meta.region_name].get_table("aisle-test").items.clear()
        return
    for item in dynamodb.scan(TableName="aisle-test", ConsistentRead=True)["Items"]:
        dynamodb.delete_item(TableName="aisle-test", Key={"pk": item["pk"], "sk": item["sk"]})


@dataclass(frozen=True)
class Reply:
    """What the API answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return jsonlib.loads(self.text)

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def code(self) -> str:
        """The code of a problem document."""
        assert self.headers["content-type"] == "application/problem+json", self.text
        code: str = self.json["code"]
        return code


def claims_of(by: Principal) -> dict[str, str]:
    """The claims of an access token as API Gateway passes them on: all strings."""
    if by.kind == "machine":
        scope = " ".join(f"{RESOURCE_SERVER}/{scope}" for scope in sorted(by.scopes))
        return {"sub": by.id, "client_id": by.id, "scope": scope}
    return {
        "sub": by.id,
        "username": by.id,
        "client_id": "app-client",
        "scope": USER_SCOPE,
        "cognito:groups": ",".join(sorted(by.roles)),
    }


@cache
def _application() -> Chalice:
    from app import app

    return app


@cache
def _converter(app: Chalice) -> LambdaEventConverter:
    return LambdaEventConverter(RouteMatcher(list(app.routes)), app.api.binary_types)


def request(
    app: Chalice,
    method: str,
    path: str,
    *,
    json: Any = None,
    body: bytes | str | None = None,
    by: Principal | None = None,
    headers: Mapping[str, str] | None = None,
    request_id: str = "test-request",
    address: str = "127.0.0.1",
) -> Reply:
    """Send a request to `app` as API Gateway would: it checks token and scopes, or on internal routes whose role has signed,
    then invokes the function. `address`: from which network address.

    Chalice's own test client drops the claims of machine tokens, so the event is made here from its parts.
    """
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    raw = jsonlib.dumps(json).encode() if json is not None else body.encode() if isinstance(body, str) else body or b""
    if raw:
        sent.setdefault("content-type", "application/json")
    event = _converter(app).create_lambda_event(method=method, path=path, headers=sent, body=raw)
    try:
        raw.decode()
    except UnicodeDecodeError:
        event.update(body=base64.b64encode(raw).decode(), isBase64Encoded=True)
    event["requestContext"]["requestId"] = request_id
    event["requestContext"]["identity"]["sourceIp"] = address
    authorizer = app.routes[event["requestContext"]["resourcePath"]][method].authorizer
    if isinstance(authorizer, IAMAuthorizer):
        if by is None or by.kind != "function":
            return Reply(403, {"content-type": "application/json"}, '{"message":"Missing Authentication Token"}')
        event["requestContext"]["identity"]["userArn"] = f"arn:aws:sts::123456789012:assumed-role/role/{by.id}"
    elif authorizer is not None:
        claims = claims_of(by) if by else {}
        if not set(claims.get("scope", "").split()) & set(authorizer.scopes):
            return Reply(401, {"content-type": "application/json"}, '{"message":"Unauthorized"}')
        event["requestContext"]["authorizer"] = {"claims": claims}
    answer = app(event, LambdaContext("api_handler", 128, 29_000))
    text = answer["body"]
    if answer.get("isBase64Encoded"):
        text = base64.b64decode(text).decode()
    return Reply(answer["statusCode"], {name.lower(): value for name, value in answer["headers"].items()}, text)


@pytest.fixture
def call(table: Any) -> Callable[..., Reply]:
    """`call("POST", "/v1/products", json={…}, by=ADMIN, headers={…})` sends a request to the whole application."""

    def send(method: str, path: str, **arguments: Any) -> Reply:
        return request(_application(), method, path, **arguments)

    return send
