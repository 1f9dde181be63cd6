"""Postal addresses."""

from chalicelib.core.findings import Finding
from chalicelib.suppliers.domain.addresses import check_address
from chalicelib.suppliers.domain.record import Profile


def check_addresses(profile: Profile) -> list[Finding]:
    """Where it ships from, and where returns go."""
    return [
        finding
        for pointer in ("/address", "/return_address")
        if (address := profile.get(pointer[1:]))
        for finding in check_address(pointer, address)
    ]
