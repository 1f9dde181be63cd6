"""What a supplier's engineer needs to work with Aisle: a check of their Order Acceptance API, and a reference supplier.

The protocol is docs/supplier-api.md of Aisle. Nothing here needs Aisle itself.
"""

VERSION = "0.1.0"
