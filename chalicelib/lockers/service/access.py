"""Who may do what with lockers."""

from chalicelib.core.auth import Principal, Role

SCOPE = "lockers.write"


def require_staff(by: Principal) -> None:
    """Raise unless `by` serves in a store, runs the shop, or is a machine that may write lockers."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)


def require_admin(by: Principal) -> None:
    """Raise unless `by` runs the shop, or is a machine that may write lockers."""
    by.require(Role.ADMIN, scope=SCOPE)
