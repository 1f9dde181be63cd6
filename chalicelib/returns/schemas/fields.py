"""Fields that several schemas share."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.returns.domain.model import Disposition, ReturnStatus
from chalicelib.returns.domain.policy import Condition, PaidBy, Reason

# JSON has no enums: strict models would refuse the strings.
_LAX = Field(strict=False)

AReason = Annotated[Reason, _LAX]
ACondition = Annotated[Condition, _LAX]
ADisposition = Annotated[Disposition, _LAX]
APayer = Annotated[PaidBy, _LAX]
AStatus = Annotated[ReturnStatus, _LAX]

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
LineId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}$")]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]
Bps = Annotated[int, Field(ge=0, le=10_000, description="Basis points: 1500 is 15 %")]
