"""Cabinets and their compartments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict

MAX_COMPARTMENTS = 90
"""Of one cabinet: they are written with it in one transaction."""


class Size(StrEnum):
    """How large a compartment is, where its measures are not given."""

    S = "S"
    M = "M"
    L = "L"
    XL = "XL"


INNER_MM: Mapping[Size, tuple[int, int, int]] = {
    Size.S: (80, 380, 640),
    Size.M: (190, 380, 640),
    Size.L: (410, 380, 640),
    Size.XL: (600, 500, 640),
}
"""Height, width and depth. The first three are what parcel lockers in Europe have settled on (InPost's A, B and C)."""


class Reach(StrEnum):
    """How high its door is: `low` and `middle` ones can be used from a wheelchair (up to 1,200 mm, ADA 2010 §308)."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class Temperature(StrEnum):
    """What it keeps goods at."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    FROZEN = "frozen"


class Transport(StrEnum):
    """How a cabinet is spoken to: it holds a line open, or asks for what there is."""

    MQTT = "mqtt"
    HTTPS = "https"


class CabinetStatus(StrEnum):
    """`blocked`: nothing new is put in; what is in it can be collected. `retired` is for good: its certificates and tokens are revoked, and it is not listened to."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    RETIRED = "retired"


class CompartmentStatus(StrEnum):
    """`reserved`: for a pickup that is to be put in. `occupied`: it is in. `to_clear`: staff takes out what is in it. `faulty`: its
    door does not do what it should. `blocked`: by staff."""

    FREE = "free"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    TO_CLEAR = "to_clear"
    FAULTY = "faulty"
    BLOCKED = "blocked"


RETIRED = "cabinet_retired"
"""Why the compartments of a retired cabinet are blocked."""


class CompartmentTaken(Conflict):
    code = "compartment_taken"
    title = "The compartment holds, or is kept for, something else"


class CabinetRetired(Conflict):
    code = "cabinet_retired"
    title = "The cabinet is retired"


@dataclass(frozen=True, slots=True)
class Compartment:
    """A door and the space behind it, for one pickup at a time."""

    cabinet_id: str
    number: str
    site_id: str
    size: Size
    reach: Reach = Reach.MIDDLE
    temperature: Temperature = Temperature.AMBIENT
    inner_mm: tuple[int, int, int] | None = None
    status: CompartmentStatus = CompartmentStatus.FREE
    pickup_id: str | None = None
    reason: str | None = None
    version: int = 1

    @property
    def inside_mm(self) -> tuple[int, int, int]:
        """Its measures, or those of its size."""
        return self.inner_mm or INNER_MM[self.size]

    @property
    def volume_mm3(self) -> int:
        """The space inside."""
        height, width, depth = self.inside_mm
        return height * width * depth

    @property
    def label(self) -> str:
        """What its sticker says, and a scanner reads."""
        return f"{self.cabinet_id}/{self.number}"


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of a cabinet's line. `skew_seconds`: how far its clock was ahead of ours; `connected_at`: when it last said that
    it is online, by that clock; `lost`: that nothing was heard of it for too long is known."""

    online: bool = False
    last_seen_at: str | None = None
    since: str | None = None
    skew_seconds: float = 0.0
    firmware: str | None = None
    connected_at: str | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Activation:
    """The code with which a device may claim to be a cabinet: its hash, and until when."""

    hash: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A row of compartments with one keypad and one line. Its id is also its name as a thing of AWS IoT."""

    id: str
    site_id: str
    name: str
    serial_number: str
    transport: Transport = Transport.MQTT
    status: CabinetStatus = CabinetStatus.ACTIVE
    certificates: Mapping[str, str] = field(default_factory=dict)
    """By certificate id: active or revoked."""
    token_hash: str | None = None
    """Of the token that it polls with."""
    activation: Activation | None = None
    reason: str | None = None
    """Why it is blocked, or retired."""
    version: int = 1


def check_in_service(cabinet: Cabinet) -> None:
    """Raise `CabinetRetired` when it is."""
    if cabinet.status is CabinetStatus.RETIRED:
        raise CabinetRetired(f"Cabinet {cabinet.id} is retired.")


def block(cabinet: Cabinet, reason: str) -> Cabinet:
    """The cabinet into which nothing new is put. Raises `CabinetRetired`."""
    check_in_service(cabinet)
    return replace(cabinet, status=CabinetStatus.BLOCKED, reason=reason, version=cabinet.version + 1)


def release(cabinet: Cabinet) -> Cabinet:
    """The cabinet, in use again. Raises `CabinetRetired`."""
    check_in_service(cabinet)
    return replace(cabinet, status=CabinetStatus.ACTIVE, reason=None, version=cabinet.version + 1)


def retire(cabinet: Cabinet, reason: str) -> Cabinet:
    """The cabinet at its end: nothing that it was known by is of use any more. Raises `CabinetRetired` when it is already."""
    check_in_service(cabinet)
    return replace(
        cabinet,
        status=CabinetStatus.RETIRED,
        certificates=dict.fromkeys(cabinet.certificates, "revoked"),
        token_hash=None,
        activation=None,
        reason=reason,
        version=cabinet.version + 1,
    )
