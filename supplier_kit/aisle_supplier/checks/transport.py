"""Can Aisle reach it at all?"""

from __future__ import annotations

from time import monotonic

from aisle_supplier import samples
from aisle_supplier.checks.probe import Probe
from aisle_supplier.checks.registry import ANSWERS, Failed, NotChecked, check
from aisle_supplier.wire import Failure, NoAnswer, is_public

HTTPS = "HTTPS to a public host at port 443."


@check("transport.https", HTTPS, "Serve the API by https at port 443, under a name.")
def https(probe: Probe) -> None:
    endpoint = probe.client.endpoint
    _skip_here(probe)
    if endpoint.scheme != "https" or endpoint.port != 443:
        raise Failed(f"this is {endpoint.scheme} at port {endpoint.port}")
    if ":" in endpoint.host or endpoint.host.rpartition(".")[2].isdecimal() or "." not in endpoint.host:
        raise Failed(f"{endpoint.host} is no public name")


@check("transport.public-address", HTTPS, "Let the name lead to public addresses only; one other spoils all.")
def public_address(probe: Probe) -> str:
    _skip_here(probe)
    addresses = probe.client.endpoint.addresses()
    private = [address for address in addresses if not is_public(address)]
    if private:
        raise Failed(f"{probe.client.endpoint.host} leads to {', '.join(private)}, which is not public")
    return ", ".join(addresses)


@check(
    "transport.certificate",
    HTTPS,
    "Have a certificate for this very name from a public authority, and send the chain up to it.",
)
def certificate(probe: Probe) -> None:
    endpoint = probe.client.endpoint
    if endpoint.scheme != "https":
        raise NotChecked("plain http on this machine")
    try:
        endpoint.connected(monotonic() + endpoint.seconds).close()
    except NoAnswer as error:
        if error.kind is Failure.TLS:
            raise Failed(error.detail) from None
        raise


@check(
    ANSWERS,
    "A call may take 10 seconds, from the look-up of the name to the last byte.",
    "Let the server answer `GET {base}/orders/{allocation_id}`, soon, whatever it says.",
)
def answers(probe: Probe) -> str:
    answer = probe.client.status(samples.an_order()["allocation_id"])
    return f"{answer.status} after {answer.seconds * 1000:.0f} ms"


def _skip_here(probe: Probe) -> None:
    if probe.client.endpoint.is_local:
        raise NotChecked("this machine")
