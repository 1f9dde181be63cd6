"""Signatures are those of Standard Webhooks: by its published example, by its own library, and by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.webhooks import gateways
from chalicelib.webhooks.gateways import new_secret, opened, seal, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example_is_reproduced() -> None:
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    assert signed("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}', [SECRET]) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_signature_is_what_the_specification_says() -> None:
    at = datetime(2026, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    headers = signed("01K1", at, '{"ä":1}', [SECRET])
    assert headers["webhook-timestamp"] == "1767268800"
    content = 'id.1767268800.{"ä":1}'.replace("id", "01K1").encode()
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), content, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_during_a_rotation_receivers_verify_with_either_secret() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    headers = signed("01K1", datetime.now(UTC), '{"a":1}', [new, old])
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify('{"a":1}', headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify('{"a":1}', headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify('{"a":2}', headers)


def test_a_secret_has_256_bits_and_is_new_each_time() -> None:
    assert new_secret() != new_secret()
    assert new_secret().startswith("whsec_")
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


@pytest.mark.usefixtures("memory")
def test_a_sealed_secret_opens_for_its_own_webhook_only() -> None:
    secret = new_secret()
    sealed = seal("whk_1", secret)
    assert secret.removeprefix("whsec_") not in base64.b64decode(sealed).decode("latin-1")
    assert opened("whk_1", sealed) == secret
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError):
        opened("whk_2", sealed)


@pytest.mark.usefixtures("memory")
def test_the_key_is_asked_once_while_the_function_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal("whk_9", "whsec_x")
    assert opened("whk_9", sealed) == "whsec_x"
    monkeypatch.setattr(gateways, "client", None)
    assert opened("whk_9", sealed) == "whsec_x"
