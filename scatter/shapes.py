"""Array shapes in annotations: those of jaxtyping or, where it is not installed, mere text.

For the modules that a prepared campaign needs on a machine with only NumPy and torch.
"""

from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class Unchecked:
            """An array of any shape and dtype."""

            def __class_getitem__(cls, item: tuple[Any, str]) -> type:
                return type(cls.__name__, (cls,), {"dtype": cls, "dim_str": item[1]})

        Bool, Float, Int = (type(name, (Unchecked,), {}) for name in ("Bool", "Float", "Int"))

__all__ = ["Bool", "Float", "Int", "axes_of"]

PLAIN = {int: "i", float: "f", str: "U"}
KINDS = {"Bool": "b", "Float": "f", "Int": "i"}


def axes_of(annotation: Any) -> tuple[str, list[str]]:
    """Kind (as NumPy's `dtype.kind`) and axes of an annotated array, number or text."""
    if annotation in PLAIN:
        return PLAIN[annotation], []
    whole = next(iter(get_args(annotation)), annotation)  # of `array | None`, the array
    return KINDS[whole.dtype.__name__], whole.dim_str.split()
