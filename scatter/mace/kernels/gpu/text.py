"""Functions of Triton from formulas for numbers of any kind: each operation becomes a line.

Triton compiles the source of a function, which it finds by `inspect`: so the source is put where
that looks, into `linecache`.
"""

import linecache
from collections.abc import Callable
from typing import Any


class Text:
    """A number in the source of a function."""

    def __init__(self, source: "Source", name: str):
        self.source, self.name = source, name

    def __str__(self) -> str:
        return self.name

    def __mul__(self, other: "Text | float") -> "Text":
        return self if other == 1.0 else self.source.line(f"{self} * {other}")

    def __add__(self, other: "Text | float") -> "Text":
        return self if other == 0.0 else self.source.line(f"{self} + {other}")

    __rmul__, __radd__ = __mul__, __add__


class Source:
    """The lines of a function; what was computed before has its name again."""

    def __init__(self):
        self.names: dict[str, str] = {}

    def line(self, expression: str) -> Text:
        """The number that an expression gives."""
        return Text(self, self.names.setdefault(expression, f"t{len(self.names)}"))

    def given(self, name: str, count: int) -> list[Text]:
        """The numbers of an argument, a tuple."""
        return [Text(self, f"{name}[{n}]") for n in range(count)]

    def loaded(self, base: str, stride: str, count: int) -> list[Text]:
        """Numbers from memory, one `stride` after another."""
        return [self.line(f"tl.load({base} + {n} * {stride})") for n in range(count)]

    def vector(self, value: float) -> float:
        """A plain number."""
        return value

    def fma(self, a: Text | float, b: Text | float, c: Text | float) -> Text:
        """A b + c."""
        product: Any = a * b
        return product + c


def function(name: str, arguments: str, build: Callable[[Source], list[Any]]) -> str:
    """A function that returns what `build` makes: a tuple, also of tuples."""
    source = Source()
    answer = _tuple(build(source))
    lines = [f"    {name} = {expression}\n" for expression, name in source.names.items()]
    return f"@triton.jit\ndef {name}({arguments}):\n{''.join(lines)}    return {answer}\n"


def _tuple(values: Any) -> str:
    return f"({', '.join(map(_tuple, values))},)" if isinstance(values, list) else str(values)


def radials(count: int) -> list[str]:
    """Functions for so many polynomials between knots, one after another, by Horner's rule."""

    def line(source: Source, power: int) -> list[Text]:
        return [source.line(f"tl.load(table + {6 * n + power} * C)") for n in range(count)]

    def both(source: Source, slopes: bool) -> list[Any]:
        u, r, slope = Text(source, "u"), line(source, 5), []
        for power in reversed(range(5)):
            if slopes:
                slope = [source.fma(d, u, x) for d, x in zip(slope, r, strict=True)] if slope else r
            r = [source.fma(value, u, c) for value, c in zip(r, line(source, power), strict=True)]
        found = [r, [source.line(f"{d} * PER_STEP") for d in slope]] if slopes else [r]
        kept = [[source.line(f"tl.where(inside, {x}, 0.0)") for x in each] for each in found]
        return kept if slopes else kept[0]

    given = "table, u, inside, C"
    return [
        function(f"radials_{count}", given, lambda source: both(source, False)),
        function(
            f"radials_and_slopes_{count}", f"{given}, PER_STEP", lambda source: both(source, True)
        ),
    ]


def define(module: dict[str, Any], parts: list[str]) -> None:
    """Run functions' sources as part of a module, whose names are given."""
    text, name = "\n\n".join(parts), f"<{module['__name__']}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), module)
