"""The base of every table of `input.toml`."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

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


# Told apart here, a wrong value is measured against the one shape it has, not against all.
def word_or_number(value: object) -> str:
    """The tag of a value that is a number or a word."""
    return "word" if isinstance(value, str) else "number"


LengthOrAuto = Annotated[
    Annotated[PositiveFloat, Tag("number")] | Annotated[Literal["auto"], Tag("word")],
    Discriminator(word_or_number),
]


class Table(BaseModel):
    """A table of `input.toml`: frozen, and an unknown key is an error.

    Numbers are numbers: strings, booleans, NaN and infinities are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
