"""Cabinets and compartments as callers send and get them."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from chalicelib.core.ids import new_id
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.lockers.domain.cabinets import (
    MAX_COMPARTMENTS,
    Cabinet,
    CabinetStatus,
    Compartment,
    CompartmentStatus,
    Reach,
    Size,
    Temperature,
    Transport,
)
from chalicelib.lockers.schemas.sites import Lax, Text
from chalicelib.lockers.service import CabinetState

Number = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")]
Millimetres = Annotated[int, Field(ge=1, le=3_000)]


class CompartmentBody(Schema):
    """A compartment. Without `inner_mm` (height, width, depth) it has the measures of its size."""

    number: Number
    size: Annotated[Size, Lax]
    reach: Annotated[Reach, Lax] = Reach.MIDDLE
    temperature: Annotated[Temperature, Lax] = Temperature.AMBIENT
    inner_mm: Annotated[list[Millimetres], Field(min_length=3, max_length=3)] | None = None


class AddCabinet(Schema):
    """A cabinet with all its compartments."""

    name: Text
    serial_number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    transport: Annotated[Transport, Lax] = Transport.MQTT
    compartments: list[CompartmentBody] = Field(min_length=1, max_length=MAX_COMPARTMENTS)

    @field_validator("compartments")
    @classmethod
    def _differ(cls, compartments: list[CompartmentBody]) -> list[CompartmentBody]:
        if len({one.number for one in compartments}) < len(compartments):
            raise ValueError("each compartment needs a number of its own")
        return compartments

    def as_cabinet(self, site_id: str) -> tuple[Cabinet, list[Compartment]]:
        """The cabinet, under a new id, and its compartments."""
        cabinet = Cabinet(new_id("cab"), site_id, self.name, self.serial_number, self.transport)
        return cabinet, [
            Compartment(
                cabinet.id,
                one.number,
                site_id,
                one.size,
                one.reach,
                one.temperature,
                (one.inner_mm[0], one.inner_mm[1], one.inner_mm[2]) if one.inner_mm else None,
            )
            for one in self.compartments
        ]


class CertifyCabinet(Schema):
    """A certificate signing request (PKCS #10, PEM) of a key that the device made itself."""

    csr: str = Field(min_length=100, max_length=8_000, pattern=r"^-----BEGIN CERTIFICATE REQUEST-----")


class CompartmentsQuery(PageQuery):
    """Which compartments to list."""

    model_config = ConfigDict(strict=False)

    status: CompartmentStatus = CompartmentStatus.FREE


class CompartmentView(View):
    """A compartment. `label` is what its sticker says."""

    label: str
    cabinet_id: str
    number: str
    size: Size
    reach: Reach
    temperature: Temperature
    inside_mm: tuple[int, int, int]
    status: CompartmentStatus
    pickup_id: str | None
    reason: str | None
    version: int


class ConnectionView(View):
    """A cabinet's line. `skew_seconds`: how far its clock was ahead of ours."""

    online: bool
    last_seen_at: str | None
    since: str | None
    skew_seconds: float
    firmware: str | None


class CabinetView(View):
    """A cabinet, its compartments and its line. `certificates`: active or revoked, by id."""

    id: str
    site_id: str
    name: str
    serial_number: str
    transport: Transport
    status: CabinetStatus
    certificates: dict[str, str]
    compartments: list[CompartmentView]
    connection: ConnectionView
    reason: str | None
    version: int

    @classmethod
    def of(cls, state: CabinetState) -> "CabinetView":
        cabinet = state.cabinet
        return cls(
            id=cabinet.id,
            site_id=cabinet.site_id,
            name=cabinet.name,
            serial_number=cabinet.serial_number,
            transport=cabinet.transport,
            status=cabinet.status,
            certificates=dict(cabinet.certificates),
            compartments=[CompartmentView.of(one) for one in state.compartments],
            connection=ConnectionView.of(state.connection),
            reason=cabinet.reason,
            version=cabinet.version,
        )


class CabinetSummary(View):
    """A cabinet in a list."""

    id: str
    site_id: str
    name: str
    status: CabinetStatus
    transport: Transport


class CertificateView(View):
    """A device's certificate (PEM). Its private key never left the device."""

    certificate_id: str
    certificate_pem: str
    status: str
