"""The base of every table of `input.toml`, and the one error a user's mistake becomes."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]

Value = TypeVar("Value")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


# A condition that a campaign can scan: written as one value or a list, kept as a list.
OneOrMany = Annotated[list[Value], BeforeValidator(_listed), Field(min_length=1)]


class Table(BaseModel):
    """A table of `input.toml`: frozen, and a key that it does not know is an error.

    Numbers are numbers: strings, booleans, NaN and infinities are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class UserError(Exception):
    """A mistake that the user can mend: one sentence, exit code 2, no traceback.

    The sentence names the file, the table and key, the value, the rule and the likely fix,
    as far as each applies.
    """

    code = 2  # of the program's exit


class Untrusted(UserError):
    """Results that are there but shall not be taken as they are: one sentence, exit code 3."""

    code = 3
