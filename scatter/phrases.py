"""Numbers of things, intervals and long sentences as people read them."""

from textwrap import wrap

VOWELS = "aeiou"


def counted(count: int, noun: str) -> str:
    """A number of things in words: 1 rank, 2 ranks, 2 batches, 1,350 trajectories."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in VOWELS:
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith('ch') else 's'}"


def interval(low: float, high: float, form: str) -> str:
    """Both ends of an interval: 0.1-0.2; where a dash would mislead, -1 to 2, 3e-05 to 0.01."""
    ends = f"{low:{form}}", f"{high:{form}}"
    return (" to " if {*"".join(ends)} & {"-", "e"} else "-").join(ends)


def in_lines(text: str, width: int) -> str:
    """The text in lines of so many columns that end between words; what follows is indented.

    Words that are longer than a line, such as paths, stay whole.
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def _parts(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
