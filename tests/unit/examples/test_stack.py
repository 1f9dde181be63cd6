import json
from pathlib import Path
from typing import Any

import pytest

from examples.online_retail.stack import NoStack, Stack

RECORD = {
    "api_url": "http://127.0.0.1:4566/api/",
    "endpoint_url": "http://127.0.0.1:4566",
    "region": "eu-west-1",
    "stage": "local",
    "user_pool_id": "pool-1",
    "client_id": "client-1",
    "users": {"admin": {"username": "admin@example.com", "password": "secret", "token": "old"}},
    "queue_urls": {},
}


def read(tmp_path: Path, **changes: Any) -> Stack:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({**RECORD, **changes}))
    return Stack.read(path)


def test_a_refused_token_is_replaced_by_signing_in_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Cognito:
        def initiate_auth(self, **given: Any) -> Any:
            asked.append(given)
            return {"AuthenticationResult": {"AccessToken": "new"}}

    monkeypatch.setattr(Stack, "aws", lambda *_: Cognito())
    stack = read(tmp_path)
    assert (stack.token("admin"), stack.renew("admin", "old"), stack.renew("admin", "old")) == ("old", "new", "new")
    assert asked == [
        {
            "ClientId": "client-1",
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "admin@example.com", "PASSWORD": "secret"},
        }
    ]


def test_a_deployment_made_anew_is_another_one(tmp_path: Path) -> None:
    stack = read(tmp_path)
    assert stack.id == read(tmp_path).id
    assert stack.id != read(tmp_path, user_pool_id="pool-2").id


def test_a_record_without_what_is_needed_says_so(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{}")
    with pytest.raises(NoStack, match="api_url"):
        Stack.read(tmp_path / "stack.json")
