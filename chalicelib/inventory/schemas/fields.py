"""Fields that several schemas share."""

from typing import Annotated

from pydantic import Field, StringConstraints

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
LocationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]
UnitsOrNone = Annotated[int, Field(ge=0, le=1_000_000)]

# JSON has no enums: strict models would refuse the strings.
Lax = Field(strict=False)
