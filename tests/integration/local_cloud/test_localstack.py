"""LocalStack is asked what it has before anything is deployed into it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local import localstack
from infra.local.stack import LocalCloudError

Answers = dict[str, Any]


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], str]]:
    """Serve JSON by path; everything else is 404."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: Answers) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.path in answers
                self.send_response(200 if known else 404)
                self.end_headers()
                self.wfile.write(json.dumps(answers.get(self.path, {})).encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_edition_with_everything_is_named(serve: Callable[[Answers], str]) -> None:
    services = dict.fromkeys(localstack.NEEDED, "available") | {"dynamodb": "running"}
    url = serve(
        {
            "/_localstack/health": {"services": services},
            "/_localstack/info": {"edition": "pro", "version": "4.14.0"},
        }
    )
    assert localstack.check(url) == "LocalStack 4.14.0, pro edition"


def test_what_the_free_edition_lacks_is_named_before_anything_starts(serve: Callable[[Answers], str]) -> None:
    services = dict.fromkeys(localstack.NEEDED, "available") | {"cognito-idp": "disabled"}
    del services["pipes"]
    url = serve({"/_localstack/health": {"services": services, "edition": "community", "version": "4.14.0"}})
    with pytest.raises(LocalCloudError, match=r"LocalStack 4\.14\.0 \(community edition\).* has no cognito-idp, pipes"):
        localstack.check(url)


def test_no_localstack_is_said_with_the_way_to_start_it() -> None:
    with pytest.raises(LocalCloudError, match="docker compose"):
        localstack.check("http://127.0.0.1:9")


def test_something_else_on_the_port_is_not_localstack(serve: Callable[[Answers], str]) -> None:
    with pytest.raises(LocalCloudError, match="no LocalStack answers"):
        localstack.check(serve({}))
