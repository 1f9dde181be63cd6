"""What AWS asks, in one place: list prices of us-east-1 in US dollars, without free tiers and volume discounts."""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "2026-06"


@dataclass(frozen=True)
class Price:
    """`usd` for `per` of a thing."""

    thing: str
    usd: float
    per: float
    source: str

    def of(self, quantity: float) -> float:
        """Dollars for so many."""
        return quantity * self.usd / self.per


_MILLION = 1_000_000

API_REQUEST = Price("API Gateway REST requests", 3.50, _MILLION, "aws.amazon.com/api-gateway/pricing")
LAMBDA_REQUEST = Price("Lambda requests", 0.20, _MILLION, "aws.amazon.com/lambda/pricing")
LAMBDA_GB_SECOND = Price("Lambda GB-seconds, x86", 0.0000166667, 1, "aws.amazon.com/lambda/pricing")
WRITE_UNIT = Price("DynamoDB write request units", 0.625, _MILLION, "aws.amazon.com/dynamodb/pricing/on-demand")
READ_UNIT = Price("DynamoDB read request units", 0.125, _MILLION, "aws.amazon.com/dynamodb/pricing/on-demand")
STREAM_READ = Price("DynamoDB Streams reads", 0.02, 100_000, "aws.amazon.com/dynamodb/pricing/on-demand")
TRANSITION = Price("Step Functions transitions", 25.00, _MILLION, "aws.amazon.com/step-functions/pricing")
EXPRESS_REQUEST = Price("Step Functions Express requests", 1.00, _MILLION, "aws.amazon.com/step-functions/pricing")
EXPRESS_GB_SECOND = Price("Step Functions Express GB-seconds", 0.00001667, 1, "aws.amazon.com/step-functions/pricing")
PIPE_REQUEST = Price("EventBridge Pipes requests", 0.40, _MILLION, "aws.amazon.com/eventbridge/pricing")
EVENT = Price("EventBridge events", 1.00, _MILLION, "aws.amazon.com/eventbridge/pricing")
ARCHIVE_GB = Price("EventBridge archive, GB taken in", 0.10, 1, "aws.amazon.com/eventbridge/pricing")
QUEUE_REQUEST = Price("SQS requests", 0.40, _MILLION, "aws.amazon.com/sqs/pricing")
NOTIFICATION = Price("SNS publishes", 0.50, _MILLION, "aws.amazon.com/sns/pricing")
IOT_MESSAGE = Price("AWS IoT messages", 1.00, _MILLION, "aws.amazon.com/iot-core/pricing")
IOT_RULE = Price("AWS IoT rules and actions", 0.15, _MILLION, "aws.amazon.com/iot-core/pricing")
KEY_REQUEST = Price("KMS requests", 0.03, 10_000, "aws.amazon.com/kms/pricing")
SECRET_REQUEST = Price("Secrets Manager requests", 0.05, 10_000, "aws.amazon.com/secrets-manager/pricing")
LOG_GB = Price("CloudWatch Logs, GB taken in", 0.50, 1, "aws.amazon.com/cloudwatch/pricing")
TRACE = Price("X-Ray traces recorded", 5.00, _MILLION, "aws.amazon.com/xray/pricing")
