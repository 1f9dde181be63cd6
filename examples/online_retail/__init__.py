"""A real retailer's ledger, replayed through the public API, and reconciled to the penny. See README.md."""
