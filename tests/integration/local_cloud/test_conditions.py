"""With IAM enforced, a role can do what its policy says under the conditions that it says it under."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.clients import client
from infra.local.cloud.conditions import encryption_context

from .conftest import REGION, end, start

As = Callable[[str], Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[dict[str, Any]]:
    stack, running = start("guarded", iam=True)
    yield {"endpoint_url": running.endpoint, "region": REGION}
    end(stack)


def in_role(record: dict[str, Any], name: str, *statements: dict[str, Any]) -> As:
    """Clients that act in a role with these statements."""
    iam = client(record, "iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    keys = client(record, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return lambda service: client(
        record,
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_a_key_encrypts_for_the_purpose_that_the_role_names_and_no_other(guarded: dict[str, Any]) -> None:
    key = client(guarded, "kms").create_key()["KeyMetadata"]["Arn"]
    purpose = {"StringEquals": {"kms:EncryptionContext:purpose": "task-token"}}
    allowed = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": key, "Condition": purpose}
    kms = in_role(guarded, "sealer", allowed)("kms")
    assert kms.encrypt(KeyId=key, Plaintext=b"t", EncryptionContext={"purpose": "task-token"})["CiphertextBlob"]
    for context in ({"purpose": "other"}, {}):
        with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
            kms.encrypt(KeyId=key, Plaintext=b"t", EncryptionContext=context)


def test_a_queue_that_insists_on_tls_can_be_used_here(guarded: dict[str, Any]) -> None:
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [tls_only]})
    queue = client(guarded, "sqs").create_queue(QueueName="strict", Attributes={"Policy": policy})["QueueUrl"]
    sqs = in_role(guarded, "sender", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})("sqs")
    assert sqs.send_message(QueueUrl=queue, MessageBody="x")["MessageId"]
    with pytest.raises(sqs.exceptions.ClientError, match="AccessDenied"):
        sqs.receive_message(QueueUrl=queue)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"EncryptionContext": null}'], ids=repr)
def test_a_request_without_an_encryption_context_has_none(body: bytes) -> None:
    assert encryption_context("kms", body) == {}


def test_the_keys_of_an_encryption_context_are_known_too() -> None:
    assert encryption_context("kms", b'{"EncryptionContext": {"Purpose": "a"}}') == {
        "kms:encryptioncontext:purpose": "a",
        "kms:encryptioncontextkeys": ["Purpose"],
    }


def test_a_policy_is_attached_by_one_who_may_to_certificates(guarded: dict[str, Any]) -> None:
    iot = client(guarded, "iot")
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    group = iot.create_thing_group(thingGroupName="group")["thingGroupArn"]
    iot.create_policy(policyName="p", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    statement = {
        "Effect": "Allow",
        "Action": "iot:AttachPolicy",
        "Resource": f"arn:aws:iot:{REGION}:000000000000:cert/*",
    }
    role = in_role(guarded, "attaches", statement)("iot")
    role.attach_policy(policyName="p", target=certificate)
    with pytest.raises(role.exceptions.ClientError, match="not authorized"):
        role.attach_policy(policyName="p", target=group)
