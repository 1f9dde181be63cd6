"""Sites and cabinets that are registered with a stack, and run."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError

from infra.local import users
from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.happenings import Happening
from infra.local.lockers.identity import Identity, new_key, signing_request
from infra.local.lockers.line import Broker
from infra.local.lockers.machine import Habits
from infra.local.stack import LocalCloudError, Stack, write_atomically

Record = Mapping[str, Any]

DAILY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _site(id: str, name: str, timezone: str, position: tuple[float, float], **address: str) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "timezone": timezone,
        "position": {"latitude": position[0], "longitude": position[1]},
        "address": address,
        "opening_hours": {day: [["06:00", "23:00"]] for day in DAILY},
    }


SITES = (
    _site(
        "mall-of-america",
        "Mall of America",
        "America/Chicago",
        (44.8549, -93.2422),
        line1="60 E Broadway",
        city="Bloomington",
        region="MN",
        postal_code="55425",
        country="US",
    ),
    _site(
        "kings-cross",
        "King's Cross",
        "Europe/London",
        (51.5308, -0.1238),
        line1="Euston Road",
        city="London",
        region="England",
        postal_code="N1 9AL",
        country="GB",
    ),
    _site(
        "alexanderplatz",
        "Alexanderplatz",
        "Europe/Berlin",
        (52.5219, 13.4132),
        line1="Alexanderplatz 1",
        city="Berlin",
        region="BE",
        postal_code="10178",
        country="DE",
    ),
)

# From the ground up: large and chilled below, small ones in reach of everyone.
COMPARTMENTS = tuple(
    {"number": str(number), "size": size, "reach": reach, "temperature": temperature}
    for number, (size, reach, temperature) in enumerate(
        [
            ("XL", "low", "ambient"),
            ("L", "low", "ambient"),
            ("L", "low", "chilled"),
            *[("M", "middle", "ambient")] * 3,
            ("M", "middle", "chilled"),
            *[("S", "middle", "ambient")] * 2,
            *[("S", "high", "ambient")] * 3,
        ],
        start=1,
    )
)


class Api:
    """The three calls that a cabinet's installation takes, made as an administrator."""

    def __init__(self, record: Record) -> None:
        self._url = str(record["api_url"])
        try:
            self._token = users.token(dict(record), "admin")
        except BotoCoreError as error:
            raise LocalCloudError(f"the stack does not answer ({error}): run `make up`") from None
        self._http = urllib3.PoolManager(retries=False)

    def register_site(self, site: Mapping[str, Any]) -> None:
        """Register a site, or find it registered."""
        self._post("/v1/locker-sites", site, also=409)

    def register_cabinet(self, site_id: str, cabinet: Mapping[str, Any]) -> str:
        """Register a cabinet; its id."""
        return str(self._post(f"/v1/locker-sites/{site_id}/cabinets", cabinet)["id"])

    def certify(self, cabinet_id: str, csr: str) -> str:
        """The certificate (PEM) for a cabinet's signing request."""
        return str(self._post(f"/v1/cabinets/{cabinet_id}/certificates", {"csr": csr})["certificate_pem"])

    def _post(self, path: str, body: Mapping[str, Any], also: int | None = None) -> Any:
        headers = {
            "Authorization": self._token,
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        try:
            answer = self._http.request(
                "POST", self._url + path, body=json.dumps(body).encode(), headers=headers, timeout=35.0
            )
        except urllib3.exceptions.HTTPError as error:
            raise LocalCloudError(f"the API at {self._url} does not answer ({error}): run `make up`") from None
        if answer.status not in (201, also):
            said = answer.data.decode(errors="replace")[:500]
            raise LocalCloudError(f"POST {path} answered {answer.status}: {said}")
        return answer.json()


@dataclass(frozen=True)
class Member:
    """A cabinet that is registered, and may be switched on."""

    site_id: str
    cabinet_id: str
    key: str
    certificate: str

    @property
    def identity(self) -> Identity:
        return Identity(self.cabinet_id, self.key, self.certificate)


def install(api: Api, site_id: str, name: str, compartments: Sequence[Mapping[str, str]] = COMPARTMENTS) -> Member:
    """Register a cabinet at a site and get a certificate for a key that is made here."""
    cabinet_id = api.register_cabinet(
        site_id,
        {
            "name": name,
            "transport": "mqtt",
            "serial_number": f"SN-{uuid.uuid4().hex[:12].upper()}",
            "compartments": list(compartments),
        },
    )
    key = new_key()
    return Member(site_id, cabinet_id, key, api.certify(cabinet_id, signing_request(key, cabinet_id)))


class Fleet:
    """The cabinets of one stack. They are registered once, and found again at the next start while the stack is the same."""

    def __init__(self, stack: Stack, api: Callable[[Record], Api] = Api) -> None:
        self._record = stack.record()
        self._file: Path = stack.directory / "lockers.json"
        self._api = api
        self._running: list[VirtualCabinet] = []

    def register(self, sites: int, cabinets: int, report: Callable[[str], None] = lambda _: None) -> list[Member]:
        """So many sites with so many cabinets each; what is there already is used."""
        members = self._known()
        api = self._api(self._record)
        for site in SITES[:sites]:
            there = [member for member in members if member.site_id == site["id"]]
            if not there:
                api.register_site(site)
                report(f"site {site['id']}")
            for number in range(len(there) + 1, cabinets + 1):
                members.append(install(api, site["id"], f"Virtual cabinet {number}"))
                self._remember(members)
                report(f"cabinet {members[-1].cabinet_id} at {site['id']}")
        wanted = {site["id"] for site in SITES[:sites]}
        return [member for member in members if member.site_id in wanted]

    def start(
        self,
        members: list[Member],
        *,
        faults: str = "",
        habits: Habits | None = None,
        listener: Callable[[str, Happening], None] = lambda *_: None,
    ) -> list[VirtualCabinet]:
        """Switch cabinets on. `listener` is told what happens, from several threads, with the cabinet's id."""
        broker = _broker(self._record)
        for member in members:
            cabinet = VirtualCabinet(
                member.identity,
                [compartment["number"] for compartment in COMPARTMENTS],
                broker,
                str(self._record["stage"]),
                faults=faults,
                habits=habits,
                listener=partial(listener, member.cabinet_id),
            )
            self._running.append(cabinet.start())
        return list(self._running)

    def stop(self, patience: float = 10.0) -> None:
        """Switch all off, within so many seconds."""
        end = time.monotonic() + patience
        while self._running:
            self._running.pop().stop(max(0.0, end - time.monotonic()))

    def _known(self) -> list[Member]:
        try:
            kept = json.loads(self._file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        if kept["api_url"] != self._record["api_url"]:
            return []  # another emulator, which knows none of them
        return [Member(**member) for member in kept["cabinets"]]

    def _remember(self, members: list[Member]) -> None:
        kept = {"api_url": self._record["api_url"], "cabinets": [asdict(member) for member in members]}
        write_atomically(self._file, json.dumps(kept, indent=2) + "\n")


def _broker(record: Record) -> Broker:
    if "mqtt" not in record:
        raise LocalCloudError("this stack has no MQTT broker: virtual cabinets need `make up` with EMULATOR=ministack")
    try:
        return Broker.of(record["mqtt"])
    except OSError as error:
        raise LocalCloudError(f"the stack's MQTT broker does not answer ({error}): run `make up`") from None
