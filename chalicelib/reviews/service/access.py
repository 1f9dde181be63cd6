"""Who reviews: whoever runs the marketplace, and nobody else. A supplier never sees its own cases."""

from chalicelib.core.auth import Principal, Role

OPERATOR_SCOPE = "suppliers.write"


def require_reviewer(by: Principal) -> str:
    """The reviewer's id: a user's, or a machine client's. Raises `Unauthenticated`, `Forbidden`."""
    by.require(Role.ADMIN, scope=OPERATOR_SCOPE)
    return by.id
