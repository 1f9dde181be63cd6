"""A supplier and the states of its life."""

from dataclasses import dataclass
from enum import StrEnum


class SupplierStatus(StrEnum):
    """`invited`: asked to apply. `applied`: its workflow verifies it. `in_review`: a person does. Only an approved one sells;
    a suspended one may be reinstated, an offboarded one never sells again."""

    INVITED = "invited"
    APPLIED = "applied"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    OFFBOARDED = "offboarded"


PREFIX = "sup_"


def is_supplier(location_id: str) -> bool:
    """Whether a location is a supplier: it has the supplier's id."""
    return location_id.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is or goes to, as far as that is said; `country` is ISO 3166-1 alpha-2."""

    country: str
    region: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class Seller:
    """What other contexts need of a supplier. `country` is where it ships from, in `region` and `postal_code` as far as it says so;
    `service_countries` where to (none: everywhere); countries are ISO 3166-1 alpha-2; `endpoint_url` is the base of its own API; `brands` it may sell, in lower case."""

    id: str
    name: str
    status: SupplierStatus
    country: str
    brands: tuple[str, ...] = ()
    service_countries: tuple[str, ...] = ()
    endpoint_url: str | None = None
    region: str | None = None
    postal_code: str | None = None

    @property
    def place(self) -> Place:
        """Where it ships from."""
        return Place(self.country, self.region, self.postal_code)

    @property
    def sells(self) -> bool:
        """Whether it may sell now."""
        return self.status is SupplierStatus.APPROVED

    def serves(self, country: str) -> bool:
        """Whether it ships to this country."""
        return not self.service_countries or country in self.service_countries
