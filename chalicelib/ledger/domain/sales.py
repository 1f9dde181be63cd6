"""Sales and what is taken back of them: what was booked when goods left decides what is booked when they return."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.core.money import share_of_units, split, tax_within
from chalicelib.ledger.domain.commission import TaxOwedBy, Terms, commission_of_units, returned_of
from chalicelib.ledger.domain.entries import Account, Entry, Kind, entry, supplier_account


@dataclass(frozen=True, slots=True)
class SaleLine:
    """Units of an order line that left. Amounts (minor units) are of these units.

    `price`: what they cost the customer before discounts; `charged`: what it pays, with tax; `relief`: tax that is not due, taken off
    what is left of the price after discounts, which holds it at the rate `relieved_bps`. Of one supplier: `unit_price` is what its offer asked for a unit, `terms` what holds since the order was
    placed. `before`: units of the line that left earlier.
    """

    line_id: str
    units: int
    price: int
    charged: int
    tax: int
    tax_rate_bps: int = 0
    tax_included: bool = True
    relief: int = 0
    relieved_bps: int = 0
    before: int = 0
    unit_price: int = 0
    terms: Terms | None = None

    @property
    def discount(self) -> int:
        """What was taken off the price."""
        return self.price - self.relief + (0 if self.tax_included else self.tax) - self.charged


@dataclass(frozen=True, slots=True)
class Sale:
    """A parcel that left, from a supplier or, where `supplier_id` is None, from the retailer itself. `charges` (postage, with
    `charges_tax` within) fell due with it."""

    order_id: str
    fulfilment_id: str
    currency: str
    lines: Sequence[SaleLine]
    supplier_id: str | None = None
    charges: int = 0
    charges_tax: int = 0


@dataclass(frozen=True, slots=True)
class SoldLine:
    """What was booked for units of a line, and how many of them were taken back since.

    `supplier`: the supplier's due before commission; `tax`: what the operator owes of it; `own`: its own revenue.
    """

    units: int
    charged: int
    supplier: int = 0
    commission: int = 0
    commission_tax: int = 0
    kept_bps: int = 0
    tax: int = 0
    discount: int = 0
    own: int = 0
    back: int = 0

    @property
    def price_difference(self) -> int:
        """What the customer paid beyond what the supplier asked."""
        return self.charged + self.discount - self.supplier - self.tax - self.own

    @property
    def left(self) -> int:
        """Units that can still be taken back."""
        return self.units - self.back

    def share(self, taking: int) -> "SoldLine":
        """What `taking` further units carry of it. All units together carry all of it; commission that is kept is in no share."""

        def part(whole: int) -> int:
            return share_of_units(whole, self.units, self.back, taking)

        return SoldLine(
            units=taking,
            charged=part(self.charged),
            supplier=part(self.supplier),
            commission=part(returned_of(self.commission, self.kept_bps)),
            commission_tax=part(returned_of(self.commission_tax, self.kept_bps)),
            tax=part(self.tax),
            discount=part(self.discount),
            own=part(self.own),
        )


@dataclass(frozen=True, slots=True)
class Sold:
    """What the books remember of a sale. `version` counts the refunds that took something back of it."""

    id: str
    order_id: str
    currency: str
    supplier_id: str | None
    lines: Mapping[str, SoldLine]
    version: int = 1

    @property
    def fulfilment_id(self) -> str:
        """The parcel that left."""
        return self.id.removeprefix(_SALE)


_SALE = "sale:"


def sale_id(fulfilment_id: str) -> str:
    """The natural id of a parcel's sale."""
    return f"{_SALE}{fulfilment_id}"


def sold(sale: Sale) -> Sold:
    """What is owed to whom for a parcel."""
    lines = {line.line_id: _sold_line(line) for line in sale.lines if line.units}
    return Sold(sale_id(sale.fulfilment_id), sale.order_id, sale.currency, sale.supplier_id, lines)


def _sold_line(line: SaleLine) -> SoldLine:
    if line.terms is None:
        return SoldLine(line.units, line.charged, tax=line.tax, own=line.charged - line.tax)
    commission, commission_tax = commission_of_units(line.terms, line.unit_price, line.before, line.units)
    due, tax, discount = _shared_with_operator(line)
    return SoldLine(
        units=line.units,
        charged=line.charged,
        supplier=due,
        commission=commission,
        commission_tax=commission_tax,
        kept_bps=line.terms.kept_bps,
        tax=tax,
        discount=discount,
    )


def _shared_with_operator(line: SaleLine) -> tuple[int, int, int]:
    """What the supplier is due, what tax the operator owes, and what discounts cost the operator. Of prices that hold tax that is the
    operator's or nobody's both are without it."""
    by_operator = line.terms is not None and line.terms.tax_owed_by == TaxOwedBy.OPERATOR
    asked = line.unit_price * line.units
    if not line.tax_included:
        return (asked, line.tax, line.discount) if by_operator else (asked + line.tax, 0, line.discount)
    if line.relieved_bps:
        rate_bps, tax = line.relieved_bps, line.relief
    elif by_operator:
        rate_bps, tax = line.tax_rate_bps, line.tax
    else:
        return asked, 0, line.discount
    saved = tax_within(line.price, rate_bps) - tax
    return asked - tax_within(asked, rate_bps), line.tax, line.discount - saved


def sale_entry(sale: Sale, made: Sold) -> Entry:
    """The customer owes what was charged; the supplier, the operator and whom it collects tax for are owed it."""
    postings: list[tuple[str, int]] = [
        (Account.CUSTOMERS, sale.charges),
        (Account.OWN_SALES, sale.charges_tax - sale.charges),
        (Account.SALES_TAX, -sale.charges_tax),
    ]
    for line in made.lines.values():
        postings += [(Account.CUSTOMERS, line.charged), *_credits(line, made.supplier_id, sign=-1)]
    about = {"fulfilment_id": sale.fulfilment_id, **_in_total(made.lines.values())}
    return entry(
        made.id,
        Kind.SALE,
        sale.currency,
        postings,
        supplier_id=made.supplier_id,
        order_id=sale.order_id,
        about=about if made.supplier_id else {"fulfilment_id": sale.fulfilment_id},
    )


def _credits(line: SoldLine, supplier_id: str | None, *, sign: int) -> list[tuple[str, int]]:
    """What stands against `charged`: with `sign` -1 when goods leave, 1 when they are taken back."""
    amounts: list[tuple[str, int]] = [
        (Account.COMMISSION, line.commission),
        (Account.COMMISSION_TAX, line.commission_tax),
        (Account.SALES_TAX, line.tax),
        (Account.OWN_SALES, line.own),
        (Account.DISCOUNTS, -line.discount),
        (Account.PRICE_DIFFERENCE, line.price_difference),
    ]
    if supplier_id is not None:
        due = line.supplier - line.commission - line.commission_tax
        amounts.append((supplier_account(supplier_id), due))
    return [(account, sign * amount) for account, amount in amounts]


def _in_total(lines: Iterable[SoldLine]) -> dict[str, int]:
    """What a supplier reads in its statement: its price before commission, and the commission."""
    lines = tuple(lines)
    names = ("units", "supplier", "commission", "commission_tax")
    sums = {name: sum(getattr(line, name) for line in lines) for name in names}
    return {"gross" if name == "supplier" else name: amount for name, amount in sums.items()}


# ---- taken back ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackLine:
    """Units of a line that came back, what the customer had paid for them, and the `fee` that is kept of it (minor units). Of a line
    that several sold, those of `supplier_id`, or (None) the retailer's own, are taken back before any other's."""

    line_id: str
    units: int
    charged: int
    fee: int = 0
    supplier_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """What is to be given back to a customer, under the refund's `key` within the order: for goods that came back, postage (with
    `postage_tax` within), less what is `withheld` because it was given back for nothing before. Without any of these it is
    goodwill."""

    order_id: str
    key: str
    currency: str
    amount: int
    lines: Sequence[BackLine] = ()
    postage: int = 0
    postage_tax: int = 0
    withheld: int = 0


@dataclass(slots=True)
class _Group:
    """What a refund takes back from one supplier, or from the operator itself."""

    postings: list[tuple[str, int]] = field(default_factory=list)
    shares: list[SoldLine] = field(default_factory=list)
    fees: int = 0
    amount: int = 0


def refund_id(order_id: str, key: str) -> str:
    """The natural id of what is booked when a refund is asked for."""
    return f"refund:{order_id}:{key}"


def take_back(asked: RefundAsked, sales: Sequence[Sold]) -> tuple[list[Entry], list[Sold]]:
    """The entries of a refund, one for each supplier concerned, and the sales as they are after it.

    Goods take back what was booked when they left, unit by unit, parcel by parcel; a fee that is kept stays with whoever
    sold them. Raises ValueError for units that were not sold, or are back already.
    """
    after = {one.id: one for one in sales}
    groups: dict[str | None, _Group] = {}
    for line in asked.lines:
        _take_line(line, after, groups)
    own = groups.pop(None, None) or _Group()
    own.amount += asked.postage - asked.withheld
    own.postings += [
        (Account.OWN_SALES, asked.postage - asked.postage_tax - own.fees),
        (Account.SALES_TAX, asked.postage_tax),
        (Account.GOODWILL, -asked.withheld),
    ]
    if not asked.lines and not asked.postage:
        own.amount += asked.amount
        own.postings.append((Account.GOODWILL, asked.amount))
    changed = [replace(one, version=one.version + 1) for before in sales if (one := after[before.id]) is not before]
    return _refund_entries(asked, groups, own), changed


def _take_line(line: BackLine, sales: dict[str, Sold], groups: dict[str | None, _Group]) -> None:
    pieces = _pieces(line, sales)
    fees = split(line.fee, [share.charged for _, share in pieces]) if line.fee else [0] * len(pieces)
    # What the customer gets may be a penny off what was booked for a part of the line; over the whole of it there is no difference.
    off = line.charged - sum(share.charged for _, share in pieces)
    for index, ((sale, share), fee) in enumerate(zip(pieces, fees, strict=True)):
        sold_line = sale.lines[line.line_id]
        lines = {**sale.lines, line.line_id: replace(sold_line, back=sold_line.back + share.units)}
        sales[sale.id] = replace(sale, lines=lines)
        group = groups.setdefault(sale.supplier_id, _Group())
        group.postings += [
            *_credits(share, sale.supplier_id, sign=1),
            (Account.PRICE_DIFFERENCE, 0 if index else off),
        ]
        group.shares.append(share)
        group.fees += fee
        group.amount += share.charged + (0 if index else off) - fee


def _pieces(line: BackLine, sales: Mapping[str, Sold]) -> list[tuple[Sold, SoldLine]]:
    missing = line.units
    pieces = []
    of_seller_first = sorted(sales.values(), key=lambda one: one.supplier_id != line.supplier_id)
    for sale in of_seller_first:
        known = sale.lines.get(line.line_id)
        taking = min(missing, known.left) if known else 0
        if known and taking:
            pieces.append((sale, known.share(taking)))
            missing -= taking
    if missing:
        raise ValueError(f"{missing} units of line {line.line_id} were not sold, or came back before")
    return pieces


def _refund_entries(asked: RefundAsked, groups: Mapping[str | None, _Group], own: _Group) -> list[Entry]:
    """One entry for each supplier; what is the operator's stands in the first of them, or alone."""
    made = [_refund_entry(asked, supplier_id, group) for supplier_id, group in groups.items()]
    if own.amount or any(amount for _, amount in own.postings):
        if made:
            first = next(iter(groups))
            made[0] = _refund_entry(asked, first, groups[first], own)
        else:
            made = [_refund_entry(asked, None, own)]
    return made


def _refund_entry(asked: RefundAsked, supplier_id: str | None, group: _Group, own: _Group | None = None) -> Entry:
    amount = group.amount + (own.amount if own else 0)
    postings = [*group.postings, *(own.postings if own else ()), (Account.REFUNDS_PAYABLE, -amount)]
    if supplier_id is not None:
        postings.append((supplier_account(supplier_id), -group.fees))
    name = refund_id(asked.order_id, asked.key)
    about = {"refund": asked.key, **(_in_total(group.shares) if supplier_id else {})}
    if supplier_id and group.fees:
        about["fee"] = group.fees
    return entry(
        f"{name}:{supplier_id}" if supplier_id else name,
        Kind.REFUND,
        asked.currency,
        postings,
        supplier_id=supplier_id,
        order_id=asked.order_id,
        about=about,
    )
