"""VAT numbers: whether one can exist. Nobody is asked whether it does."""

from chalicelib.core.errors import Fault, Invalid
from chalicelib.taxes.domain import EU, country_of_vat_number


class VatNumberInvalid(Invalid):
    code = "vat_number_invalid"
    title = "Not a VAT number of a member state of the EU"


def checked_vat_number(text: str, *, pointer: str = "/vat_number") -> str:
    """The number as it is written in short, `DE136695976`. Raises `VatNumberInvalid` at `pointer`.

    Its shape and check digits are those of the member state that its first two letters name (`EL` for Greece).
    """
    from stdnum.eu import vat  # late: few orders are a business's
    from stdnum.exceptions import ValidationError

    try:
        number = vat.validate(text[:40])
        if country_of_vat_number(number) in EU:
            return number
    except ValidationError:
        pass
    fault = Fault(pointer, VatNumberInvalid.code, "Give it with the two letters of its country, or leave it out.")
    raise VatNumberInvalid(f"{text[:40]!r} is not a VAT number of a member state of the EU.", faults=[fault])
