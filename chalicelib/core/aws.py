"""Clients of AWS services, made at first use and kept while the function is warm. None is made at import."""

from functools import cache
from threading import Lock
from typing import Any

from chalicelib.core.settings import settings

_making = Lock()
_USER_AGENT = "aisle"


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@cache
def _client(service: str) -> Any:
    from botocore.config import Config

    config = Config(
        user_agent=_USER_AGENT,
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
        # What S3 signs for others is by an older scheme otherwise, which knows no encryption by KMS.
        signature_version="s3v4" if service == "s3" else None,
    )
    # AWS IoT has an endpoint for each account; the one of the region is for trying out.
    endpoint = settings().iot_endpoint if service == "iot-data" else ""
    return _session().create_client(
        service, region_name=settings().region, config=config, endpoint_url=endpoint or None
    )


def credentials() -> Any:
    """The credentials that this function's clients sign with."""
    return _session().get_credentials()


def give_short_user_agent(session: Any) -> None:
    """Clients of this botocore session name themselves in a word. Putting together what botocore says by default is a fifth
    of the CPU of a call."""
    from botocore.config import Config

    session.set_default_client_config(Config(user_agent=_USER_AGENT))


@cache
def derived_key(key_id: str, purpose: str) -> bytes:
    """A signing key that only holders of the KMS HMAC key `key_id` can derive, kept while the function is warm. There is no
    secret to store, and keys of two purposes say nothing of each other."""
    answer = client("kms").generate_mac(KeyId=key_id, MacAlgorithm="HMAC_SHA_256", Message=purpose.encode())
    mac: bytes = answer["Mac"]
    return mac


def client(service: str) -> Any:
    """The client of `service`, e.g. `client("sqs")`. Its region and endpoint come from the environment."""
    with _making:  # creating a botocore client is not thread-safe
        return _client(service)
