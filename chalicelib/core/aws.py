"""Clients of AWS services, made at first use and kept while the function is warm. None is made at import."""

from functools import cache
from threading import Lock
from typing import Any

from chalicelib.core.settings import settings

_making = Lock()


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@cache
def _client(service: str) -> Any:
    from botocore.config import Config

    config = Config(
        user_agent="aisle", connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
    )
    return _session().create_client(service, region_name=settings().region, config=config)


def client(service: str) -> Any:
    """The client of `service`, e.g. `client("sqs")`. Its region and endpoint come from the environment."""
    with _making:  # creating a botocore client is not thread-safe
        return _client(service)
