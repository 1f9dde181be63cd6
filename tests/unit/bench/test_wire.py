"""What goes over the wire is told apart, and played back as it was answered."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from bench.inside import wire
from bench.inside.wire import Tape, answer_with, recording, replaying


def a_request(path: str = "/", body: Any = b"", method: str = "POST", **headers: str) -> Any:
    url = f"http://127.0.0.1:4566{path}"
    return SimpleNamespace(
        url=url, method=method, body=body, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


def ask(request: Any) -> Any:
    return URLLib3Session().send(request)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Answers that the network gives next."""
    answers: list[Any] = []
    monkeypatch.setattr(wire, "_network", lambda _, request: answer_with(request, *answers.pop(0)))
    return answers


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (a_request(X_Amz_Target="DynamoDB_20120810.GetItem"), ("dynamodb", "GetItem")),
        (a_request(X_Amz_Target="secretsmanager.GetSecretValue"), ("secretsmanager", "GetSecretValue")),
        (a_request(body=b"Action=Publish&Message=x"), ("sns", "Publish")),
        (a_request("/topics/aisle%2Fopen"), ("iot", "Publish")),
        (a_request("/aisle-feeds/uploads/fed_1", b"\xff", "PUT"), ("s3", "PUT")),
    ],
)
def test_every_round_trip_has_a_service_and_an_operation(request_: Any, named: tuple[str, str]) -> None:
    assert wire._named(request_) == named


def test_answers_are_played_back_in_their_order_over_and_over(network: list[Any]) -> None:
    network += [(b"gone", 404), (b"a file", 200)]
    tape, get = Tape(), a_request("/aisle-feeds/uploads/fed_1", method="GET")
    with recording(tape, lambda *_: None, lambda *_: None):
        heard = [ask(get), ask(get)]
    with replaying(tape):
        heard += [ask(get), ask(get), ask(get)]
    assert [(one.status_code, one.content) for one in heard] == [
        (404, b"gone"),
        (200, b"a file"),
        (404, b"gone"),
        (200, b"a file"),
        (404, b"gone"),
    ]


def test_a_file_can_still_be_read_piece_by_piece_after_it_was_recorded(network: list[Any]) -> None:
    network.append((b"a file", 200))
    with recording(Tape(), lambda *_: None, lambda *_: None):
        answer = ask(a_request("/aisle-feeds/uploads/fed_1", method="GET"))
    assert [answer.raw.read(4), answer.raw.read(4), answer.raw.read(4)] == [b"a fi", b"le", b""]


def test_the_size_of_what_is_sent_in_chunks_stands_in_a_header(network: list[Any]) -> None:
    network += [(b"", 200), (b"", 200)]
    tape = Tape()
    with recording(tape, lambda *_: None, lambda *_: None):
        ask(a_request("/b/k", object(), "PUT", X_Amz_Decoded_Content_Length="81"))
        ask(a_request("/b/k", b"four", "PUT"))
    assert [call.sent for call in tape.calls] == [81, 4]
