"""E-mail addresses and phone numbers: one normal form each, and keyed hashes to find them by.

A plain hash of an address is as good as the address: all of them can be tried. So keys and indexes of the table hold a MAC whose
key is derived by KMS (GenerateMac on an HMAC key that never leaves it), once per warm function. Unlike the key of page
cursors this one may never be replaced: what was stored under it would not be found again.
"""

import hmac
from hashlib import sha256

from chalicelib.core.aws import derived_key
from chalicelib.core.settings import settings

HASH_CHARACTERS = 40
"""160 bits of the MAC, as hexadecimal digits: as many as no two addresses will ever share."""


def email_address(text: str) -> str:
    """The address in its normal form: domain in lower case and Unicode, local part as given. Raises ValueError.

    By RFC 5321 and IDNA 2008, without asking the DNS. The local part has to be ASCII, as Amazon SES delivers to no other:
    docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html.
    """
    from email_validator import validate_email  # late: a tenth of the cold start of functions that never need it

    return validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized


def mailable(address: str) -> str:
    """The address as it travels: all ASCII, the domain in Punycode. Raises ValueError for what is no address."""
    from email_validator import validate_email

    ascii_form = validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email
    if ascii_form is None:
        raise ValueError("not an address that mail can be sent to")
    return ascii_form


def phone_number(text: str, country: str | None = None) -> str:
    """The number as E.164, e.g. `+447700900123`. Raises ValueError.

    Without a `country` (ISO 3166-1 alpha-2) it has to begin with `+`. Its length has to be possible; whether the range is in
    use is not asked, because operators open new ones faster than anybody updates a library.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a phone number; begin with + and the country code") from error
    if number.extension or not phonenumbers.is_possible_number(number):
        raise ValueError("not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_hash(text: str) -> str | None:
    """What an address is found by: the same for all its spellings, upper or lower case, Unicode or Punycode.

    None for what is no address: nobody could ever prove it theirs.
    """
    try:
        return mac("email", mailable(text).lower())
    except ValueError:
        return None


def phone_hash(number: str) -> str:
    """What a number (E.164) is found by."""
    return mac("phone", number)


def mac(purpose: str, text: str) -> str:
    """A keyed hash of `text` that is of use for one purpose only."""
    derived = derived_key(settings().contact_key_id, "aisle contacts, v1")
    return hmac.new(derived, f"{purpose}\n{text}".encode(), sha256).hexdigest()[:HASH_CHARACTERS]
