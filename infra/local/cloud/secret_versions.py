"""Gap: `PutSecretValue` writes another value over a version that there is, where AWS refuses it: a condition that then never fails."""

from __future__ import annotations

from typing import Any


def install() -> None:
    from ministack.services import secretsmanager

    put_secret_value = secretsmanager._put_secret_value

    def put_new_version(data: dict[str, Any]) -> Any:
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        there = secret["Versions"].get(data.get("ClientRequestToken")) if secret else None
        if there and any(there.get(field) != data.get(field) for field in ("SecretString", "SecretBinary")):
            return secretsmanager.error_response_json(
                "ResourceExistsException", "You can't use this ClientRequestToken: a version has it already.", 400
            )
        return put_secret_value(data)

    secretsmanager._put_secret_value = put_new_version
