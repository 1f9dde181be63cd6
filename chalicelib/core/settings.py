"""What the deployment tells a function, typed and read once. Nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one function; see docs/architecture.md for each variable."""

    stage: str
    table: str
    region: str
    user_pool_arn: str
    place_order_arn: str
    refund_payment_arn: str
    shipment_requests_url: str
    notifications_topic_arn: str
    token_key_id: str
    cursor_key_id: str
    codes_key_id: str
    payment_gateway: str
    stripe_key_arn: str
    stripe_webhook_secret_arn: str
    tracing: bool
    orders_placed_queue: str
    fulfilment_shipped_queue: str
    warehouse_answers_queue: str
    notifications_queue: str
    refunds_requested_queue: str

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "Settings":
        """Settings from environment variables; those a function has no use for may be missing."""
        stage = env.get("AISLE_STAGE", "test")
        return cls(
            stage=stage,
            table=env.get("AISLE_TABLE", f"aisle-{stage}"),
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "eu-west-1",
            user_pool_arn=env.get("AISLE_USER_POOL_ARN", ""),
            place_order_arn=env.get("AISLE_PLACE_ORDER_ARN", ""),
            refund_payment_arn=env.get("AISLE_REFUND_PAYMENT_ARN", ""),
            shipment_requests_url=env.get("AISLE_SHIPMENT_REQUESTS_URL", ""),
            notifications_topic_arn=env.get("AISLE_NOTIFICATIONS_TOPIC_ARN", ""),
            token_key_id=env.get("AISLE_TOKEN_KEY_ID", ""),
            cursor_key_id=env.get("AISLE_CURSOR_KEY_ID", ""),
            codes_key_id=env.get("AISLE_CODES_KEY_ID", ""),
            payment_gateway=env.get("AISLE_PAYMENT_GATEWAY", "sandbox"),
            stripe_key_arn=env.get("AISLE_STRIPE_KEY_ARN", ""),
            stripe_webhook_secret_arn=env.get("AISLE_STRIPE_WEBHOOK_SECRET_ARN", ""),
            tracing=env.get("AISLE_TRACING", "off") == "on",
            orders_placed_queue=env.get("AISLE_ORDERS_PLACED_QUEUE", f"aisle-{stage}-orders-placed"),
            fulfilment_shipped_queue=env.get("AISLE_FULFILMENT_SHIPPED_QUEUE", f"aisle-{stage}-fulfilment-shipped"),
            warehouse_answers_queue=env.get(
                "AISLE_WAREHOUSE_ANSWERS_QUEUE", f"aisle-{stage}-fulfilment-warehouse-answers"
            ),
            notifications_queue=env.get("AISLE_NOTIFICATIONS_QUEUE", f"aisle-{stage}-notifications-order-events"),
            refunds_requested_queue=env.get(
                "AISLE_REFUNDS_REQUESTED_QUEUE", f"aisle-{stage}-payments-refunds-requested"
            ),
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """This function's settings."""
    return Settings.read(os.environ)
