"""The start of register-product, without what its steps need."""

from chalicelib.listings import gateways


def start_workflow(listing_id: str, version: int) -> None:
    """Start register-product for a proposal, which the listing's version names; once, however often this is called."""
    execution = f"{listing_id}-{version}".replace(":", "_")
    gateways.start_register_product(listing_id, version, execution)
