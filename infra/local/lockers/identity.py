"""Who a cabinet is: a key that never leaves it, and the certificate it is given for it."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Identity:
    """Key and certificate are PEM."""

    cabinet_id: str
    key: str
    certificate: str


def new_key() -> str:
    """A key on P-256, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def signing_request(key: str, cabinet_id: str) -> str:
    """The request (PEM) for a certificate of this key with the cabinet as its common name."""
    private = load_pem_private_key(key.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of a cabinet is on an elliptic curve")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cabinet_id)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(private, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def tls_context(identity: Identity | None, ca: str) -> ssl.SSLContext:
    """TLS that trusts one CA (PEM) and shows the identity's certificate; without an identity, none."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if identity is not None:
        # ssl reads certificates from files only
        descriptor, name = tempfile.mkstemp(suffix=".pem")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(identity.key + identity.certificate)
            context.load_cert_chain(name)
        finally:
            Path(name).unlink()
    return context
