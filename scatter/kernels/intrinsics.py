"""Functions for numba from Python functions that write their machine code; see `vectors`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from scatter.kernels import lanes
from scatter.kernels.vectors import I64, Integer, Memory, Writer


def written(write: Callable[..., None]) -> Any:
    """A function for numba from one that writes its instructions.

    `write` gets a `Writer` and then, for each argument that numba's caller gives, a `Memory` for
    an array and an `Integer` for a whole number. The first array decides the kind of numbers. An
    array of records stands for its fields alone, which are known while numba compiles: their
    shapes by name.
    """

    @wraps(write)  # numba takes its name and its arguments from there
    def definition(context, *kinds):
        floats = next(kind.dtype for kind in kinds if isinstance(kind, types.Array))

        def generate(target, builder, signature, values):
            element = target.get_data_type(floats)
            writer = Writer(builder, element, floats.bitwidth // 8)
            given = [
                _argument(target, writer, kind, value)
                for kind, value in zip(signature.args, values, strict=True)
            ]
            write(writer, *given)
            return target.get_dummy_value()

        return types.void(*(_plain(kind) for kind in kinds)), generate

    return intrinsic(definition)


def _plain(kind: object) -> Any:
    return kind if isinstance(kind, types.Array) else types.int64


def _argument(target: Any, writer: Writer, kind: object, value: object) -> Any:
    if not isinstance(kind, types.Array):
        return Integer(writer, value)
    if isinstance(kind.dtype, types.Record):
        fields: dict[str, Any] = kind.dtype.fields
        return {name: field.type.shape for name, field in fields.items()}
    array = target.make_array(kind)(target, writer.builder, value)
    return Memory(writer, array.data, target.get_data_type(kind.dtype))


def constant(of_bytes: Callable[[int], int]) -> Any:
    """A function for numba of an array, whose answer follows from the bytes of its numbers."""

    def definition(context, array):
        value = of_bytes(array.dtype.bitwidth // 8)

        def generate(target, builder, signature, values):
            return ir.Constant(I64, value)

        return types.int64(array), generate

    return intrinsic(definition)


lanes_of = constant(lambda size: lanes(8 * size))
