"""The environment that our modules are imported with, for whoever runs histories outside of pytest."""

import os

os.environ.update(
    AISLE_STAGE="test",
    AISLE_TABLE="aisle-test",
    AISLE_CURSOR_KEY_ID="alias/aisle-test-cursors",
    AISLE_TOKEN_KEY_ID="alias/aisle-test-tokens",
    AISLE_TRACING="off",
    AWS_REGION="eu-west-1",
    AWS_DEFAULT_REGION="eu-west-1",
    POWERTOOLS_LOG_LEVEL="CRITICAL",
    POWERTOOLS_METRICS_NAMESPACE="Aisle",
    POWERTOOLS_SERVICE_NAME="aisle",
)
