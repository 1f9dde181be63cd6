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
    cancel_order_arn: str
    fulfil_part_arn: str
    refund_payment_arn: str
    return_order_arn: str
    register_product_arn: str
    pay_suppliers_arn: str
    route_order_arn: str
    shipment_requests_url: str
    supplier_requests_url: str
    notifications_topic_arn: str
    token_key_id: str
    cursor_key_id: str
    contact_key_id: str
    sender_address: str
    mail_configuration_set: str
    push_application_arn: str
    public_url: str
    codes_key_id: str
    payment_gateway: str
    stripe_key_arn: str
    stripe_webhook_secret_arn: str
    tracing: bool
    orders_placed_queue: str
    orders_cancelled_queue: str
    orders_reassigned_queue: str
    fulfilment_shipped_queue: str
    fulfilment_order_changes_queue: str
    warehouse_answers_queue: str
    notifications_queue: str
    webhook_events_queue: str
    webhook_attempts_queue: str
    webhook_attempts_url: str
    loopback_allowed: bool
    returns_authorised_queue: str
    returns_progressed_queue: str
    listings_submitted_queue: str
    reviews_decided_queue: str
    payout_runs_queue: str
    taxes_queue: str
    refunds_requested_queue: str
    passcodes_key_id: str
    cabinet_policy: str
    command_checks_url: str
    api_url_parameter: str
    iot_endpoint: str
    order_ready_queue: str
    pickup_confirmed_queue: str
    locker_changes_queue: str
    hold_for_pickup_arn: str
    cabinet_answer_seconds: int
    door_open_seconds: int
    grants_key_id: str
    fulfilment_pickups_queue: str
    cabinet_messages_queue: str
    keyed_codes_queue: str
    command_checks_queue: str
    onboard_supplier_arn: str
    suppliers_submitted_queue: str
    documents_bucket: str
    routing_requests_queue: str
    routing_answered_queue: str
    feeds_bucket: str
    import_feed_arn: str
    feeds_received_queue: str
    feeds_vanishing_percent: int

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
            cancel_order_arn=env.get("AISLE_CANCEL_ORDER_ARN", ""),
            fulfil_part_arn=env.get("AISLE_FULFIL_PART_ARN", ""),
            refund_payment_arn=env.get("AISLE_REFUND_PAYMENT_ARN", ""),
            return_order_arn=env.get("AISLE_RETURN_ORDER_ARN", ""),
            register_product_arn=env.get("AISLE_REGISTER_PRODUCT_ARN", ""),
            pay_suppliers_arn=env.get("AISLE_PAY_SUPPLIERS_ARN", ""),
            route_order_arn=env.get("AISLE_ROUTE_ORDER_ARN", ""),
            shipment_requests_url=env.get("AISLE_SHIPMENT_REQUESTS_URL", ""),
            supplier_requests_url=env.get("AISLE_SUPPLIER_REQUESTS_URL", ""),
            notifications_topic_arn=env.get("AISLE_NOTIFICATIONS_TOPIC_ARN", ""),
            token_key_id=env.get("AISLE_TOKEN_KEY_ID", ""),
            cursor_key_id=env.get("AISLE_CURSOR_KEY_ID", ""),
            contact_key_id=env.get("AISLE_CONTACT_KEY_ID", ""),
            sender_address=env.get("AISLE_SENDER_ADDRESS", ""),
            mail_configuration_set=env.get("AISLE_MAIL_CONFIGURATION_SET", ""),
            push_application_arn=env.get("AISLE_PUSH_APPLICATION_ARN", ""),
            public_url=env.get("AISLE_PUBLIC_URL", "").rstrip("/"),
            codes_key_id=env.get("AISLE_CODES_KEY_ID", ""),
            payment_gateway=env.get("AISLE_PAYMENT_GATEWAY", "sandbox"),
            stripe_key_arn=env.get("AISLE_STRIPE_KEY_ARN", ""),
            stripe_webhook_secret_arn=env.get("AISLE_STRIPE_WEBHOOK_SECRET_ARN", ""),
            tracing=env.get("AISLE_TRACING", "off") == "on",
            orders_placed_queue=env.get("AISLE_ORDERS_PLACED_QUEUE", f"aisle-{stage}-orders-placed"),
            orders_cancelled_queue=env.get("AISLE_ORDERS_CANCELLED_QUEUE", f"aisle-{stage}-orders-cancelled"),
            orders_reassigned_queue=env.get("AISLE_ORDERS_REASSIGNED_QUEUE", f"aisle-{stage}-orders-reassigned"),
            fulfilment_shipped_queue=env.get("AISLE_FULFILMENT_SHIPPED_QUEUE", f"aisle-{stage}-fulfilment-shipped"),
            fulfilment_order_changes_queue=env.get(
                "AISLE_FULFILMENT_ORDER_CHANGES_QUEUE", f"aisle-{stage}-fulfilment-order-changes"
            ),
            warehouse_answers_queue=env.get(
                "AISLE_WAREHOUSE_ANSWERS_QUEUE", f"aisle-{stage}-fulfilment-warehouse-answers"
            ),
            notifications_queue=env.get("AISLE_NOTIFICATIONS_QUEUE", f"aisle-{stage}-notifications-order-events"),
            webhook_events_queue=env.get("AISLE_WEBHOOK_EVENTS_QUEUE", f"aisle-{stage}-webhooks-events"),
            webhook_attempts_queue=env.get("AISLE_WEBHOOK_ATTEMPTS_QUEUE", f"aisle-{stage}-webhooks-attempts"),
            webhook_attempts_url=env.get("AISLE_WEBHOOK_ATTEMPTS_URL", ""),
            loopback_allowed=env.get("AISLE_LOOPBACK_ALLOWED", "off") == "on",
            returns_authorised_queue=env.get("AISLE_RETURNS_AUTHORISED_QUEUE", f"aisle-{stage}-returns-authorised"),
            returns_progressed_queue=env.get("AISLE_RETURNS_PROGRESSED_QUEUE", f"aisle-{stage}-returns-progressed"),
            listings_submitted_queue=env.get("AISLE_LISTINGS_SUBMITTED_QUEUE", f"aisle-{stage}-listings-submitted"),
            reviews_decided_queue=env.get("AISLE_REVIEWS_DECIDED_QUEUE", f"aisle-{stage}-reviews-decided"),
            payout_runs_queue=env.get("AISLE_PAYOUT_RUNS_QUEUE", f"aisle-{stage}-ledger-payout-runs"),
            taxes_queue=env.get("AISLE_TAXES_QUEUE", f"aisle-{stage}-taxes-order-events"),
            refunds_requested_queue=env.get(
                "AISLE_REFUNDS_REQUESTED_QUEUE", f"aisle-{stage}-payments-refunds-requested"
            ),
            passcodes_key_id=env.get("AISLE_PASSCODES_KEY_ID", ""),
            cabinet_policy=env.get("AISLE_CABINET_POLICY", f"aisle-{stage}-lockers-cabinet"),
            command_checks_url=env.get("AISLE_COMMAND_CHECKS_URL", ""),
            iot_endpoint=env.get("AISLE_IOT_ENDPOINT", ""),
            api_url_parameter=env.get("AISLE_API_URL_PARAMETER", ""),
            order_ready_queue=env.get("AISLE_ORDER_READY_QUEUE", f"aisle-{stage}-lockers-order-ready"),
            pickup_confirmed_queue=env.get("AISLE_PICKUP_CONFIRMED_QUEUE", f"aisle-{stage}-lockers-pickup-confirmed"),
            locker_changes_queue=env.get("AISLE_LOCKER_CHANGES_QUEUE", f"aisle-{stage}-lockers-changes"),
            cabinet_answer_seconds=int(env.get("AISLE_CABINET_ANSWER_SECONDS", "15")),
            door_open_seconds=int(env.get("AISLE_DOOR_OPEN_SECONDS", "120")),
            hold_for_pickup_arn=env.get("AISLE_HOLD_FOR_PICKUP_ARN", ""),
            grants_key_id=env.get("AISLE_GRANTS_KEY_ID", ""),
            fulfilment_pickups_queue=env.get("AISLE_FULFILMENT_PICKUPS_QUEUE", f"aisle-{stage}-fulfilment-pickups"),
            cabinet_messages_queue=env.get("AISLE_CABINET_MESSAGES_QUEUE", f"aisle-{stage}-lockers-cabinet-messages"),
            keyed_codes_queue=env.get("AISLE_KEYED_CODES_QUEUE", f"aisle-{stage}-lockers-keyed-codes"),
            command_checks_queue=env.get("AISLE_COMMAND_CHECKS_QUEUE", f"aisle-{stage}-lockers-command-checks"),
            onboard_supplier_arn=env.get("AISLE_ONBOARD_SUPPLIER_ARN", ""),
            suppliers_submitted_queue=env.get("AISLE_SUPPLIERS_SUBMITTED_QUEUE", f"aisle-{stage}-suppliers-submitted"),
            documents_bucket=env.get("AISLE_DOCUMENTS_BUCKET", f"aisle-{stage}-documents"),
            routing_requests_queue=env.get("AISLE_ROUTING_REQUESTS_QUEUE", f"aisle-{stage}-routing-requests"),
            routing_answered_queue=env.get("AISLE_ROUTING_ANSWERED_QUEUE", f"aisle-{stage}-routing-answered"),
            feeds_bucket=env.get("AISLE_FEEDS_BUCKET", f"aisle-{stage}-feeds"),
            import_feed_arn=env.get("AISLE_IMPORT_FEED_ARN", ""),
            feeds_received_queue=env.get("AISLE_FEEDS_RECEIVED_QUEUE", f"aisle-{stage}-feeds-received"),
            feeds_vanishing_percent=int(env.get("AISLE_FEEDS_VANISHING_PERCENT", "20")),
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """This function's settings."""
    return Settings.read(os.environ)
