"""The deployed system, as its record `.local/stack.json` describes it: where it is, and tokens to call it with."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_RECORD = ROOT / ".local" / os.environ.get("AISLE_STACK", "").removeprefix("default") / "stack.json"
"""The record of the stack that `AISLE_STACK` names, as everywhere in this repository."""


class NoStack(Exception):
    """There is no usable record of a deployed system."""


@dataclass(slots=True)
class Stack:
    """One deployment. Tokens live an hour; `renew` gets the next one."""

    api_url: str
    region: str
    stage: str
    endpoint_url: str | None
    user_pool_id: str
    client_id: str
    users: Mapping[str, Mapping[str, str]]
    queue_urls: Mapping[str, str]
    mqtt: Mapping[str, Any] | None = None
    """Where devices dial, if the system says."""
    _tokens: dict[str, str] = field(default_factory=dict)
    _renewing: Lock = field(default_factory=Lock)

    @classmethod
    def read(cls, path: Path = DEFAULT_RECORD) -> "Stack":
        """The stack recorded at `path`. Raises `NoStack` with what to do when there is none."""
        try:
            record = json.loads(path.read_text())
        except FileNotFoundError:
            raise NoStack(f"{path} is not there: start the system with `make up` first.") from None
        try:
            return cls(
                api_url=record["api_url"].rstrip("/"),
                region=record["region"],
                stage=record["stage"],
                endpoint_url=record.get("endpoint_url"),
                user_pool_id=record["user_pool_id"],
                client_id=record["client_id"],
                users=record["users"],
                queue_urls=record.get("queue_urls", {}),
                mqtt=record.get("mqtt"),
                _tokens={role: user["token"] for role, user in record["users"].items()},
            )
        except KeyError as missing:
            raise NoStack(f"{path} holds no {missing}; run `make up` again.") from None

    @property
    def id(self) -> str:
        """Short and stable for one deployment: a stack made anew has another user pool."""
        return sha256(f"{self.api_url} {self.user_pool_id}".encode()).hexdigest()[:10]

    def aws(self, service: str) -> Any:
        """A boto3 client of the stack's cloud. The local one takes any credentials, so none need be set for it."""
        import boto3
        from botocore.config import Config

        local = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if self._is_local_without_keys() else {}
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            config=Config(retries={"mode": "standard", "total_max_attempts": 5}, max_pool_connections=16),
            **local,
        )

    def _is_local_without_keys(self) -> bool:
        return self.endpoint_url is not None and "AWS_ACCESS_KEY_ID" not in os.environ

    def token(self, role: str) -> str:
        """The access token of the role's user."""
        return self._tokens[role]

    def renew(self, role: str, refused: str) -> str:
        """A new token in place of one that was `refused`; of several callers at once only the first asks for it."""
        with self._renewing:
            if self._tokens[role] == refused:
                user = self.users[role]
                answer = self.aws("cognito-idp").initiate_auth(
                    ClientId=self.client_id,
                    AuthFlow="USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"]},
                )
                self._tokens[role] = answer["AuthenticationResult"]["AccessToken"]
            return self._tokens[role]
