"""What protects a deployment to AWS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import Memory, deploy
from infra.local.progress import Progress
from infra.local.stack import LocalCloudError


def test_another_machine_knows_what_was_deployed(aws: Callable[..., Any], tmp_path: Path) -> None:
    memory = Memory("prod", aws("ssm"))
    first, second = tmp_path / "first", tmp_path / "second"
    memory.recall(first)
    assert not first.exists()
    (first / ".chalice" / "deployed").mkdir(parents=True)
    text = '{"resources": [' + ",".join(['{"name": "rest_api"}'] * 300) + "]}"
    (first / ".chalice" / "deployed" / "prod.json").write_text(text)
    memory.keep(first)
    memory.recall(second)
    assert (second / ".chalice" / "deployed" / "prod.json").read_text() == text
    memory.forget()
    memory.recall(tmp_path / "third")
    assert not (tmp_path / "third").exists()


def test_a_stage_of_the_local_cloud_is_not_deployed_to_aws() -> None:
    with pytest.raises(LocalCloudError, match="make up"):
        deploy("test", True, Progress(quiet=True))


def test_an_endpoint_in_the_environment_stops_a_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    with pytest.raises(LocalCloudError, match="unset it"):
        deploy("prod", True, Progress(quiet=True))
