"""The blueprint of the books."""

from chalicelib.core.http import Routes

routes = Routes("chalicelib.ledger.routes", "ledger")

SCOPE = "ledger.write"
SUPPLIERS = ["suppliers.write", "suppliers.self"]
"""What a machine needs to read a supplier's own things."""
