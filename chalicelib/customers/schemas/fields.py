"""Fields that several schemas share."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from chalicelib.core import contacts


def _email(text: str) -> str:
    return contacts.email_address(text)


def _phone(text: str) -> str:
    return contacts.phone_number(text)


Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35), Field(description="BCP 47")
]
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "minLength": 3, "maxLength": 254}),
]
Phone = Annotated[
    str,
    StringConstraints(min_length=3, max_length=40),
    AfterValidator(_phone),
    Field(description="International, beginning with +; kept as E.164"),
]
