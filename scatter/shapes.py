"""Shapes of arrays in annotations: jaxtyping's, or where that is not installed, words for people.

The modules that a prepared campaign needs on a machine with NumPy and torch alone take them from
here.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class Unchecked:
            """An array of any shape and kind."""

            def __class_getitem__(cls, _: Any) -> Any:
                return Any

        Bool = Float = Int = Unchecked

__all__ = ["Bool", "Float", "Int"]
