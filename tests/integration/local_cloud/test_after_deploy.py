"""What follows Chalice's deployments: the API's address in its parameter, and the hook without which no cabinet gets a certificate."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local import after_deploy
from infra.local.emulator import Emulator

from .test_functions import make

Client = Callable[..., Any]
TEMPLATE = "aisle-test-lockers"
BODY = {
    "Parameters": {"CabinetId": {"Type": "String"}},
    "Resources": {
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
        }
    },
}


@pytest.fixture
def template(aws: Client) -> Any:
    aws("iot").create_provisioning_template(
        templateName=TEMPLATE,
        templateBody=json.dumps(BODY),
        enabled=False,
        provisioningRoleArn="arn:aws:iam::000000000000:role/any",
    )
    yield TEMPLATE
    aws("iot").delete_provisioning_template(templateName=TEMPLATE)


def guard(aws: Client, template: str, resources: list[dict[str, str]]) -> tuple[bool, str | None]:
    """Whether the template is on then, and the function it asks."""
    after_deploy.guard_provisioning(template, resources, aws("iot"), aws("lambda"))
    found = aws("iot").describe_provisioning_template(templateName=template)
    return found["enabled"], found.get("preProvisioningHook", {}).get("targetArn")


def deployed(aws: Client, name: str) -> list[dict[str, str]]:
    arn = aws("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    return [{"name": "rest_api"}, {"name": after_deploy.PROVISIONING_HOOK, "lambda_arn": arn}]


def test_cabinets_get_certificates_only_with_the_hook(aws: Client, cloud: Emulator, template: str) -> None:
    assert guard(aws, template, [{"name": "rest_api"}]) == (False, None)
    resources = deployed(aws, make(cloud, "hook"))
    hook = resources[1]["lambda_arn"]
    assert guard(aws, template, resources) == (True, hook)
    changed = aws("iot").describe_provisioning_template(templateName=template)["lastModifiedDate"]
    assert guard(aws, template, resources) == (True, hook)
    assert aws("iot").describe_provisioning_template(templateName=template)["lastModifiedDate"] == changed

    allowed = json.loads(aws("lambda").get_policy(FunctionName="hook")["Policy"])["Statement"]
    assert [statement["Principal"] for statement in allowed] == [{"Service": "iot.amazonaws.com"}]
    assert allowed[0]["Condition"]["ArnLike"] == {
        "AWS:SourceArn": f"arn:aws:iot:eu-west-1:000000000000:provisioningtemplate/{template}"
    }


def test_a_hook_that_was_taken_away_comes_back(aws: Client, cloud: Emulator, template: str) -> None:
    resources = deployed(aws, make(cloud, "hook-again"))
    guard(aws, template, resources)
    aws("iot").update_provisioning_template(templateName=template, removePreProvisioningHook=True)
    assert guard(aws, template, resources) == (True, resources[1]["lambda_arn"])


def test_aws_iot_takes_no_hook_that_it_may_not_call(aws: Client, cloud: Emulator, template: str) -> None:
    hook = {
        "payloadVersion": after_deploy.HOOK_PAYLOAD,
        "targetArn": deployed(aws, make(cloud, "closed"))[1]["lambda_arn"],
    }
    with pytest.raises(ClientError, match="Access denied"):
        aws("iot").update_provisioning_template(templateName=template, enabled=True, preProvisioningHook=hook)
    assert not aws("iot").describe_provisioning_template(templateName=template)["enabled"]


def test_the_parameter_says_where_the_api_is(aws: Client) -> None:
    ssm = aws("ssm")
    name = "/aisle/test/api-url"
    ssm.put_parameter(Name=name, Value="unset", Type="String")
    for _ in range(2):
        after_deploy.say_where_the_api_is(name, "https://api.example/prod", ssm)
    found = ssm.get_parameter(Name=name)["Parameter"]
    assert (found["Value"], found["Version"]) == ("https://api.example/prod", 2)
