"""What orders ask of the catalogue."""

from collections.abc import Container, Iterable, Mapping, Sequence

from chalicelib.catalog import domain, store
from chalicelib.catalog.domain import Offer
from chalicelib.core.errors import RuleBroken
from chalicelib.core.table import Item


class OffersRefused(RuleBroken):
    """Some SKUs cannot be sold; each has its fault: sku_unknown, not_active or no_price."""

    code = "not_for_sale"
    title = "Some of this is not for sale"


def offer_keys(skus: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Keys for `core.table.find_many`, so that a caller reads offers together with what else it needs."""
    return [store.variant_key(sku) for sku in skus]


def offers(
    found: Mapping[tuple[str, str], Item],
    skus: Sequence[str],
    channel: str,
    currency: str,
    *,
    pointers: Mapping[str, str],
    price_optional: Container[str] = (),
) -> dict[str, Offer]:
    """What `channel` sells each of `skus` for in `currency`, out of a batch read with `offer_keys`.

    `pointers` tells where in the caller's request each SKU stands. SKUs in `price_optional` need no price, their offer's
    `unit_price` may be None. Raises `OffersRefused` with one fault for each SKU that cannot be sold.
    """
    variants = store.variants_in(found, skus)
    faults = domain.faults_of_sale(variants, skus, channel, currency, pointers=pointers, price_optional=price_optional)
    if faults:
        raise OffersRefused(" ".join(fault.detail for fault in faults[:3]), faults=faults)
    return {sku: domain.offer_of(variants[sku], channel, currency) for sku in skus}


def listed_price(found: Mapping[tuple[str, str], Item], sku: str, channel: str, currency: str) -> int | None:
    """What `channel` asks for a unit in `currency` (minor units), out of a batch read with `offer_keys`; None for what has no price
    there or is not for sale."""
    variant = store.variants_in(found, [sku]).get(sku)
    if variant is None or not variant.is_for_sale:
        return None
    return variant.prices.get(channel, {}).get(currency)


def name_of(found: Mapping[tuple[str, str], Item], sku: str) -> str:
    """What a SKU is called, out of a batch read with `offer_keys`; the SKU itself where it is unknown."""
    variant = store.variants_in(found, [sku]).get(sku)
    return variant.name if variant else sku


def places(found: Mapping[tuple[str, str], Item], skus: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The categories each of `skus` is in, from the topmost to the product's own, out of a batch read with `offer_keys`; also
    of what is not for sale any more. Unknown SKUs are left out."""
    return {sku: variant.category_path for sku, variant in store.variants_in(found, skus).items()}
