"""The deployment package: what `chalice deploy` ships, staged so that a cold start finds everything compiled and small.

Lambda's code directory is read-only and Chalice packages no `.pyc` files, so each cold start would compile every module
anew; and botocore carries the data of four hundred services. A staged directory avoids both and is deployed by the
unmodified Chalice: `app.py` and `chalicelib/` with their bytecode, `vendor/` with the dependencies built for Lambda,
and an empty `requirements.txt`. `chalice deploy` in the repository works too; it only ships a slower package.
"""

# The AWS services whose botocore data is shipped. A client for any other raises UnknownServiceError, here and on AWS.
AWS_SERVICES = frozenset(
    {
        "cognito-idp",
        "dynamodb",
        "events",
        "iot",
        "iot-data",
        "kms",
        "s3",
        "secretsmanager",
        "sesv2",
        "sns",
        "sqs",
        "ssm",
        "stepfunctions",
        "sts",
        "xray",  # aws_xray_sdk builds this client when it is imported
    }
)
