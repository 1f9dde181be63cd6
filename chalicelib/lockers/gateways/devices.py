"""The registry of devices: things, certificates and policies of AWS IoT Core."""

from dataclasses import dataclass

from chalicelib.core.aws import client
from chalicelib.core.errors import RuleBroken
from chalicelib.core.settings import settings


class CsrRefused(RuleBroken):
    code = "csr_refused"
    title = "The certificate signing request cannot be used"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a device proves itself with. Its private key never left it."""

    id: str
    pem: str


def register(cabinet_id: str) -> None:
    """Make the thing that a cabinet is, where there is none. Safe to repeat."""
    iot = client("iot")
    try:
        iot.create_thing(thingName=cabinet_id)
    except iot.exceptions.ResourceAlreadyExistsException:
        return  # made by fleet provisioning, which gives it a type


def certify(cabinet_id: str, csr: str) -> Certificate:
    """A certificate for the device with this key, which may speak as this cabinet and as no other. Raises `CsrRefused`."""
    register(cabinet_id)
    iot = client("iot")
    try:
        made = iot.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=True)
    except iot.exceptions.InvalidRequestException as error:
        raise CsrRefused(str(error.response["Error"].get("Message") or "It cannot be read.")[:300]) from None
    iot.attach_policy(policyName=settings().cabinet_policy, target=made["certificateArn"])
    iot.attach_thing_principal(thingName=cabinet_id, principal=made["certificateArn"])
    return Certificate(made["certificateId"], made["certificatePem"])


def revoke(cabinet_id: str, certificate_id: str) -> None:
    """Nobody is let in with this certificate any more. Safe to repeat."""
    iot = client("iot")
    try:
        described = iot.describe_certificate(certificateId=certificate_id)
    except iot.exceptions.ResourceNotFoundException:
        return
    arn = described["certificateDescription"]["certificateArn"]
    iot.update_certificate(certificateId=certificate_id, newStatus="REVOKED")
    iot.detach_thing_principal(thingName=cabinet_id, principal=arn)
    iot.detach_policy(policyName=settings().cabinet_policy, target=arn)
