"""Who asks. A `Principal` is built from the claims that the gateway's authorizer verified; services decide with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Forbidden, Unauthenticated

RESOURCE_SERVER = "aisle"
USER_SCOPE = "aws.cognito.signin.user.admin"
"""The scope in every access token of a signed-in user; with it a method admits users, with `aisle/…` machines."""


INTERNAL = "internal"
"""The scope of our own functions, which the gateway admits by their signature (`AWS_IAM`). No machine client can have it."""


class Role(StrEnum):
    """The groups of the user pool."""

    SHOPPER = "shopper"
    ASSOCIATE = "associate"
    SUPPLIER = "supplier"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A user with roles, a machine client with scopes, a guest, the system itself, or nobody."""

    kind: str
    id: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[str] = frozenset()

    @property
    def is_staff(self) -> bool:
        """Associates and administrators act for customers; a machine does so by its scopes."""
        return bool(self.roles & {Role.ASSOCIATE, Role.ADMIN})

    @property
    def is_guest(self) -> bool:
        """Somebody without an account, who has proven to hold the token of what `id` names."""
        return self.kind == "guest"

    def may(self, *roles: Role, scope: str | None = None) -> bool:
        """Whether one of `roles`, or for machines `scope`, allows it. The system may everything."""
        if self.kind == "system":
            return True
        return bool(self.roles & set(roles)) or (scope is not None and scope in self.scopes)

    def require(self, *roles: Role, scope: str | None = None) -> None:
        """Raise `Unauthenticated` for nobody and `Forbidden` for somebody without role or scope."""
        if self.may(*roles, scope=scope):
            return
        if self.kind == "nobody":
            raise Unauthenticated("Send an access token: Authorization: Bearer <token>.")
        needed = [f"role {role}" for role in roles] + ([f"scope {RESOURCE_SERVER}/{scope}"] if scope else [])
        raise Forbidden(f"This needs {' or '.join(needed)}.")

    def as_actor(self) -> dict[str, str]:
        """How events name who did it."""
        return {"kind": self.kind, "id": self.id}


NOBODY = Principal("nobody", "-")


def guest(id: str) -> Principal:
    """Somebody without an account who holds the token of what `id` names. Build it only where the token was checked."""
    return Principal("guest", id)


def system(name: str) -> Principal:
    """A part of Aisle acting on its own: a workflow task, a consumer, a schedule."""
    return Principal("system", name)


def function(arn: str) -> Principal:
    """One of our own functions, by the ARN of its session. Build it only where the gateway checked its signature."""
    return Principal("function", arn.rpartition("/")[2], scopes=frozenset({INTERNAL}))


def from_claims(claims: Mapping[str, Any] | None) -> Principal:
    """The principal of a verified access token, as API Gateway's Cognito authorizer passes its claims.

    API Gateway renders `cognito:groups` as one string, `a,b` or `[a b]`, where the token holds a list.
    """
    if not claims:
        return NOBODY
    scopes = frozenset(
        scope.removeprefix(f"{RESOURCE_SERVER}/")
        for scope in str(claims.get("scope", "")).split()
        if scope.startswith(f"{RESOURCE_SERVER}/")
    )
    if "username" not in claims and "cognito:username" not in claims:
        return Principal("machine", str(claims.get("client_id") or claims["sub"]), scopes=scopes)
    groups = claims.get("cognito:groups", "")
    names = groups if isinstance(groups, list) else str(groups).strip("[]").replace(",", " ").split()
    roles = frozenset(role for role in Role if role in names)
    return Principal("user", str(claims["sub"]), roles=roles, scopes=scopes)
