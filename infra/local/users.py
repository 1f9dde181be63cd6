"""The people and machines that try the local cloud out, and their tokens."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import urllib.parse
import urllib.request
from typing import Any

from infra.local.clients import client
from infra.local.stack import LocalCloudError

ROLES = ("shopper", "associate", "supplier", "admin")
MACHINE = "machine"

Record = dict[str, Any]


def create(record: Record) -> Record:
    """One confirmed user per group and, where Terraform made one, the machine client; each with a fresh access token.

    Safe to repeat: an existing user keeps its identity and gets a new password.
    """
    cognito = client(record, "cognito-idp")
    users = {role: _create_user(cognito, record, role, f"{role}@example.com") for role in ROLES}
    made: Record = {"users": users}
    if record.get("machine"):
        made["machine"] = {**record["machine"], "token": machine_token(record)}
    return made


def sign_up(record: Record, role: str, username: str) -> Record:
    """Another confirmed user of a group, whose name is an e-mail address."""
    return _create_user(client(record, "cognito-idp"), record, role, username)


def token(record: Record, role: str) -> str:
    """A fresh access token for a role or for `machine`."""
    if role == MACHINE:
        return machine_token(record)
    try:
        user = record["users"][role]
    except KeyError:
        raise LocalCloudError(f"there is no {role}: choose {', '.join((*ROLES, MACHINE))}") from None
    return _sign_in(client(record, "cognito-idp"), record["client_id"], user["username"], user["password"])


def machine_token(record: Record) -> str:
    """A fresh access token of the machine client, with every scope it may ask for."""
    machine = record.get("machine")
    if not machine:
        raise LocalCloudError("this stack has no machine client")
    basic = base64.b64encode(f"{machine['client_id']}:{machine['client_secret']}".encode()).decode()
    request = urllib.request.Request(
        f"{record['endpoint_url']}/oauth2/token",
        data=urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
        headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # nosec B310 (the local cloud)
        return str(json.loads(answer.read())["access_token"])


def expires_at(access_token: str) -> int:
    """When a token ends, in epoch seconds."""
    return int(_claims(access_token)["exp"])


def _claims(access_token: str) -> dict[str, Any]:
    payload = access_token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _create_user(cognito: Any, record: Record, role: str, username: str) -> Record:
    pool = record["user_pool_id"]
    password = f"{secrets.token_urlsafe(12)}aA1!"
    attributes = [{"Name": "email", "Value": username}, {"Name": "email_verified", "Value": "true"}]
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool, Username=username, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
    cognito.admin_set_user_password(UserPoolId=pool, Username=username, Password=password, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=role)
    access_token = _sign_in(cognito, record["client_id"], username, password)
    return {"username": username, "password": password, "token": access_token, "sub": _claims(access_token)["sub"]}


def _sign_in(cognito: Any, client_id: str, username: str, password: str) -> str:
    answer = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client_id,
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])
