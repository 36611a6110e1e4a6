"""Array shapes in annotations: those of jaxtyping or, where it is not installed, mere text.

For the modules that a prepared campaign needs on a machine with only NumPy and torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class Unchecked:
            """An array of any shape and dtype."""

            def __class_getitem__(cls, _: Any) -> Any:
                return Any

        Bool = Float = Int = Unchecked

__all__ = ["Bool", "Float", "Int"]
