"""What Terraform reads back from the wrapped emulator is what it wrote."""

import json
import time
import urllib.parse
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import urllib3
from botocore.exceptions import ClientError

from infra.local.cloud import alarms, pipes
from infra.local.emulator import Emulator

Client = Callable[..., Any]
ROLE = "arn:aws:iam::000000000000:role/any"
PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})
NAMESPACE = {"cw": "http://monitoring.amazonaws.com/doc/2010-08-01/"}


def test_a_state_machine_remembers_its_tracing(aws: Client) -> None:
    states = aws("stepfunctions")
    plain = states.create_state_machine(name="plain", roleArn=ROLE, definition=PASS)["stateMachineArn"]
    traced = states.create_state_machine(
        name="traced", roleArn=ROLE, definition=PASS, tracingConfiguration={"enabled": True}
    )["stateMachineArn"]
    described = [states.describe_state_machine(stateMachineArn=arn) for arn in (plain, traced)]
    assert [one["tracingConfiguration"] for one in described] == [{"enabled": False}, {"enabled": True}]
    states.update_state_machine(stateMachineArn=traced, tracingConfiguration={"enabled": False})
    assert states.describe_state_machine(stateMachineArn=traced)["tracingConfiguration"] == {"enabled": False}


def described_alarms(cloud: Emulator, **query: str) -> ET.Element:
    """`DescribeAlarms` in the query protocol, which is what Terraform speaks."""
    body = urllib.parse.urlencode({"Action": "DescribeAlarms", "Version": "2010-08-01", **query}).encode()
    credential = "test/20260101/eu-west-1/monitoring/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = urllib3.request("POST", cloud.endpoint, body=body, headers=headers, timeout=10)
    return ET.fromstring(answer.data)  # noqa: S314  the emulator's own answer


def text(alarm: ET.Element | None, path: str) -> str | None:
    assert alarm is not None
    return alarm.findtext("/".join(f"cw:{part}" for part in path.split("/")), namespaces=NAMESPACE)


def test_alarms_are_described_in_full(aws: Client, cloud: Emulator) -> None:
    aws("cloudwatch").put_metric_alarm(
        AlarmName="dead letters",
        AlarmDescription="a < b & c",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "q-dlq"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=["arn:aws:sns:eu-west-1:000000000000:operations"],
    )
    answer = described_alarms(cloud, **{"AlarmNames.member.1": "dead letters"})
    alarm = answer.find(".//cw:MetricAlarms/cw:member", NAMESPACE)
    assert text(alarm, "AlarmDescription") == "a < b & c"
    assert text(alarm, "Dimensions/member/Value") == "q-dlq"
    assert text(alarm, "TreatMissingData") == "notBreaching"
    assert text(alarm, "AlarmActions/member") == "arn:aws:sns:eu-west-1:000000000000:operations"
    assert text(alarm, "ActionsEnabled") == "true"


def test_an_alarm_on_a_percentile_or_an_expression_has_no_statistic(aws: Client, cloud: Emulator) -> None:
    cloudwatch = aws("cloudwatch")
    common = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(
        AlarmName="slow", Namespace="N", MetricName="M", ExtendedStatistic="p99", Period=300, **common
    )
    query = {"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}}
    cloudwatch.put_metric_alarm(AlarmName="many", Metrics=[query], **common)
    answer = described_alarms(cloud, **{"AlarmNames.member.1": "slow", "AlarmNames.member.2": "many"})
    found = {text(one, "AlarmName"): one for one in answer.findall(".//cw:MetricAlarms/cw:member", NAMESPACE)}
    assert (text(found["slow"], "Statistic"), text(found["slow"], "Period")) == (None, "300")
    assert (text(found["many"], "Statistic"), text(found["many"], "Period")) == (None, None)


def test_many_alarm_names_stay_in_order() -> None:
    params = {f"AlarmNames.member.{number}": [f"a{number}"] for number in (10, 2, 1)}
    assert alarms.request_of({**params, "MaxRecords": ["5"]}) == {"AlarmNames": ["a1", "a2", "a10"], "MaxRecords": "5"}


def test_an_event_bus_keeps_its_whole_policy(aws: Client) -> None:
    events = aws("events")
    events.create_event_bus(Name="shop")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "OutboxOnly", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents"}],
    }
    events.put_permission(EventBusName="shop", Policy=json.dumps(policy))
    assert json.loads(events.describe_event_bus(Name="shop")["Policy"]) == policy


@pytest.fixture
def stream(aws: Client) -> str:
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="outbox",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return str(dynamodb.describe_table(TableName="outbox")["Table"]["LatestStreamArn"])


def test_a_pipe_keeps_its_parameters_and_starts_where_it_is_told(aws: Client, stream: str) -> None:
    aws("dynamodb").put_item(TableName="outbox", Item={"pk": {"S": "before the pipe"}})
    machine = aws("stepfunctions").create_state_machine(name="piped", roleArn=ROLE, definition=PASS)["stateMachineArn"]
    source = {
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10, "MaximumRetryAttempts": 5},
    }
    target = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}
    service = aws("pipes")
    service.create_pipe(
        Name="events", RoleArn=ROLE, Source=stream, Target=machine, SourceParameters=source, TargetParameters=target
    )
    described = service.describe_pipe(Name="events")
    assert (described["SourceParameters"], described["TargetParameters"]) == (source, target)

    update = {"DynamoDBStreamParameters": {"BatchSize": 5}}
    service.update_pipe(Name="events", RoleArn=ROLE, SourceParameters=update)
    kept = service.describe_pipe(Name="events")["SourceParameters"]["DynamoDBStreamParameters"]
    assert kept == {"StartingPosition": "TRIM_HORIZON", "BatchSize": 5}

    deadline = time.monotonic() + 10
    while not aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]:
        assert time.monotonic() < deadline, "the record written before the pipe was not delivered"
        time.sleep(0.1)


@pytest.mark.parametrize(("end", "position", "reads_from"), [(5, 3, 3), (5, 5, 5), (0, 7, 0), (2, 7, 0)], ids=str)
def test_a_pipe_begins_anew_when_its_stream_did(end: int, position: int, reads_from: int) -> None:
    assert pipes.position_within(end, position) == reads_from


def create_role(cloud: Emulator, name: str, invocation: str, agent: str) -> int:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    query = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": name, "AssumeRolePolicyDocument": trust}
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": agent,
        "amz-sdk-invocation-id": invocation,
    }
    body = urllib.parse.urlencode(query).encode()
    return urllib3.request("POST", cloud.endpoint, body=body, headers=headers, timeout=10).status


def test_what_terraform_asks_for_again_is_done_once(cloud: Emulator) -> None:
    terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.13.3"
    assert [create_role(cloud, "again", "one", terraform) for _ in range(2)] == [200, 200]
    assert create_role(cloud, "again", "another", terraform) == 409
    assert [create_role(cloud, "others", "one", "Boto3") for _ in range(2)] == [200, 409]


def test_the_grammar_of_conditions_is_checked_every_time(aws: Client) -> None:
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="checked",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def put(condition: str) -> None:
        dynamodb.put_item(TableName="checked", Item={"PK": {"S": "1"}}, ConditionExpression=condition)

    put("attribute_not_exists(PK)")
    for _ in range(2):
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            put("attribute_not_exists(PK)")
        with pytest.raises(ClientError, match="Syntax error"):
            put("attribute_not_exists(PK) AND")


def test_a_version_of_a_secret_is_never_written_over(aws: Client) -> None:
    manager, token = aws("secretsmanager"), "v" * 64
    manager.create_secret(Name="kept", SecretString="first")
    made = manager.put_secret_value(SecretId="kept", SecretString="second", ClientRequestToken=token)
    assert made["VersionId"] == token
    # The same again is the same.
    manager.put_secret_value(SecretId="kept", SecretString="second", ClientRequestToken=token)
    with pytest.raises(manager.exceptions.ResourceExistsException):
        manager.put_secret_value(SecretId="kept", SecretString="third", ClientRequestToken=token)
    assert manager.get_secret_value(SecretId="kept")["SecretString"] == "second"
