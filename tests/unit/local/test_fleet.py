"""A fleet registers what it needs once, and says what is in its way."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from infra.local.lockers import __main__ as command
from infra.local.lockers.fleet import Fleet
from infra.local.stack import LocalCloudError, Stack


class RecordingApi:
    """Stands in for the API, and for the certificates it gives."""

    def __init__(self) -> None:
        self.sites: list[str] = []
        self.cabinets: list[str] = []
        self.certified: list[str] = []

    def register_site(self, site: dict[str, Any]) -> None:
        self.sites.append(site["id"])

    def register_cabinet(self, site_id: str, cabinet: dict[str, Any]) -> str:
        self.cabinets.append(site_id)
        return f"cab_{len(self.cabinets)}"

    def certify(self, cabinet_id: str, csr: str) -> str:
        self.certified.append(x509.load_pem_x509_csr(csr.encode()).subject.rfc4514_string())
        return f"certificate of {cabinet_id}"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    stack = Stack("fleet")
    stack.directory = tmp_path / "fleet"
    stack.write_record({"api_url": "http://127.0.0.1:1/api", "stage": "local"})
    return stack


def test_sites_and_cabinets_are_registered_once(stack: Stack) -> None:
    api = RecordingApi()
    first = Fleet(stack, lambda _: api).register(sites=2, cabinets=2)
    again = Fleet(stack, lambda _: api).register(sites=2, cabinets=2)
    assert api.sites == ["mall-of-america", "kings-cross"]
    assert api.cabinets == ["mall-of-america"] * 2 + ["kings-cross"] * 2
    assert api.certified == ["CN=cab_1", "CN=cab_2", "CN=cab_3", "CN=cab_4"]
    assert first == again
    assert first[3].certificate == "certificate of cab_4"


def test_more_cabinets_join_those_there_are(stack: Stack) -> None:
    api = RecordingApi()
    Fleet(stack, lambda _: api).register(sites=1, cabinets=1)
    members = Fleet(stack, lambda _: api).register(sites=1, cabinets=3)
    assert [member.cabinet_id for member in members] == ["cab_1", "cab_2", "cab_3"]
    assert api.sites == ["mall-of-america"]


def test_another_cloud_under_the_same_name_knows_no_cabinets(stack: Stack) -> None:
    api = RecordingApi()
    Fleet(stack, lambda _: api).register(sites=1, cabinets=1)
    stack.write_record({"api_url": "http://127.0.0.1:1/another", "stage": "local"})
    Fleet(stack, lambda _: api).register(sites=1, cabinets=1)
    assert api.sites == ["mall-of-america"] * 2


def test_a_stack_without_a_broker_is_named(stack: Stack) -> None:
    with pytest.raises(LocalCloudError, match="no MQTT broker"):
        Fleet(stack).start([])


def test_a_stack_that_does_not_answer_is_named(stack: Stack) -> None:
    record = json.loads(stack.record_file.read_text())
    stack.write_record(record | {"mqtt": {"host": "127.0.0.1", "port": 1, "ca_url": "http://127.0.0.1:1/ca.pem"}})
    with pytest.raises(LocalCloudError, match=r"does not answer .* run `make up`"):
        Fleet(stack).start([])


def test_without_a_stack_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AISLE_STACK", "no-such-stack")
    assert command.main([]) == 1
    assert capsys.readouterr().err == "error: the stack 'no-such-stack' is not up: run `make up`\n"


def test_a_fault_that_makes_no_sense_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--fault", "jam=3"]) == 1
    assert capsys.readouterr().err == "error: 'jam=3': jam takes no seconds\n"
