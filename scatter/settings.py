"""The base of every table of `input.toml`."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from scatter.errors import Untrusted, UserError

__all__ = ["Untrusted", "UserError"]

PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]

Value = TypeVar("Value")


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


# A condition that a campaign can scan: written as a value or a list, kept as a list.
OneOrMany = Annotated[list[Value], BeforeValidator(_listed), Field(min_length=1)]


class Table(BaseModel):
    """A table of `input.toml`: frozen, and an unknown key is an error.

    Numbers are numbers: strings, booleans, NaN and infinities are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
