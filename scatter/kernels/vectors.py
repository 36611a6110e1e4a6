"""Vector instructions for numba: functions that write machine code for whole registers.

LLVM seldom finds vectors in loops like those of a neural network. Here they are written out: a
function decorated with `intrinsics.written` runs while numba compiles, and every operator in it
emits one instruction for `lanes` numbers at once. Its Python loops are thus unrolled, and
`Writer.loop` is a loop that remains.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import factorial, log
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from scatter.kernels import lanes

I64 = ir.IntType(64)


class Integer:
    """A whole number that is known only when the code runs."""

    def __init__(self, writer: "Writer", value: Any):
        self.writer, self.value = writer, value

    def _other(self, other: "Integer | int") -> Any:
        return other.value if isinstance(other, Integer) else ir.Constant(I64, other)

    def __add__(self, other: "Integer | int") -> "Integer":
        return Integer(self.writer, self.writer.builder.add(self.value, self._other(other)))

    def __mul__(self, other: "Integer | int") -> "Integer":
        return Integer(self.writer, self.writer.builder.mul(self.value, self._other(other)))

    def __floordiv__(self, other: int) -> "Integer":
        return Integer(self.writer, self.writer.builder.udiv(self.value, self._other(other)))

    def __mod__(self, other: int) -> "Integer":
        return Integer(self.writer, self.writer.builder.urem(self.value, self._other(other)))


class Vector:
    """A register full of numbers."""

    def __init__(self, writer: "Writer", value: Any):
        self.writer, self.value = writer, value

    def _with(self, instruction: str, other: "Vector | float") -> "Vector":
        emit = getattr(self.writer.builder, instruction)
        return Vector(self.writer, emit(self.value, self.writer.vector(other).value))

    def __add__(self, other: "Vector | float") -> "Vector":
        return self._with("fadd", other)

    def __sub__(self, other: "Vector | float") -> "Vector":
        return self._with("fsub", other)

    def __mul__(self, other: "Vector | float") -> "Vector":
        return self._with("fmul", other)

    def __truediv__(self, other: "Vector | float") -> "Vector":
        return self._with("fdiv", other)

    def __neg__(self) -> "Vector":
        return Vector(self.writer, self.writer.builder.fneg(self.value))


class Local:
    """A vector that changes its value; the compiler keeps it in a register."""

    def __init__(self, writer: "Writer", first: Vector):
        self.writer = writer
        self.place = cgutils.alloca_once(writer.builder, writer.register)
        self.value = first

    @property
    def value(self) -> Vector:
        """Its value now."""
        loaded = self.writer.builder.load(self.place, typ=self.writer.register)
        return Vector(self.writer, loaded)

    @value.setter
    def value(self, vector: Vector) -> None:
        self.writer.builder.store(vector.value, self.place)


class Memory:
    """The numbers of an array from some place on; indices in brackets count whole vectors."""

    def __init__(self, writer: "Writer", pointer: Any, element: Any):
        self.writer, self.pointer, self.element = writer, pointer, element

    def of(self, writer: "Writer") -> "Memory":
        """The same memory, read with the registers of another writer."""
        return Memory(writer, self.pointer, self.element)

    def at(self, offset: Integer | int) -> "Memory":
        """The numbers from `offset` on."""
        value = offset.value if isinstance(offset, Integer) else ir.Constant(I64, offset)
        moved = self.writer.builder.gep(self.pointer, [value], source_etype=self.element)
        return Memory(self.writer, moved, self.element)

    def _place(self, index: int, kind: ir.Type) -> Any:
        place = self.at(index * self.writer.lanes).pointer
        return self.writer.builder.bitcast(place, kind.as_pointer())

    def __getitem__(self, index: int) -> Vector:
        kind = self.writer.register
        place = self._place(index, kind)
        return Vector(
            self.writer, self.writer.builder.load(place, typ=kind, align=self.writer.size)
        )

    def __setitem__(self, index: int, vector: Vector) -> None:
        place = self._place(index, vector.value.type)
        self.writer.builder.store(vector.value, place, align=self.writer.size)

    def add(self, index: int, vector: Vector) -> None:
        """Add a vector, of any length, to the numbers from this index on."""
        builder, kind = self.writer.builder, vector.value.type
        place = builder.bitcast(self.at(index).pointer, kind.as_pointer())
        total = builder.load(place, typ=kind, align=self.writer.size)
        builder.store(builder.fadd(total, vector.value), place, align=self.writer.size)

    def each(self, index: int) -> Vector:
        """The number at this index, in every lane."""
        writer = self.writer
        number = writer.builder.load(self.at(index).pointer, typ=self.element)
        return writer.splat(number)

    def integer(self, index: Integer) -> Integer:
        """The whole number at this index, of 32 or 64 bits."""
        number = self.writer.builder.load(self.at(index).pointer, typ=self.element)
        if self.element != I64:
            number = self.writer.builder.sext(number, I64)
        return Integer(self.writer, number)


class Writer:
    """Where instructions go, for numbers of one kind.

    Attributes:
        lanes: numbers in a register.
        size: bytes of a number.
    """

    def __init__(self, builder: ir.IRBuilder, element: Any, size: int, count: int | None = None):
        self.builder, self.element, self.size = builder, element, size
        self.lanes = count or lanes(8 * size)
        self.register = ir.VectorType(element, self.lanes)

    def wide(self) -> "Writer":
        """A writer of as many lanes in double precision."""
        return Writer(self.builder, ir.DoubleType(), 8, self.lanes)

    def rounded(self, x: Vector) -> Vector:
        """A wide vector in the numbers of this writer."""
        if x.value.type == self.register:
            return x
        return Vector(self, self.builder.fptrunc(x.value, self.register))

    def vector(self, value: Vector | float) -> Vector:
        """A number in every lane."""
        if isinstance(value, Vector):
            return value
        return Vector(self, ir.Constant(self.register, [float(value)] * self.lanes))

    def splat(self, number: Any) -> Vector:
        """One number of the machine in every lane."""
        first = self.builder.insert_element(
            ir.Constant(self.register, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
        )
        return self._shuffled(first, first, [0] * self.lanes)

    def _shuffled(self, one: Any, other: Any, lanes: list[int]) -> Vector:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
        return Vector(self, self.builder.shuffle_vector(one, other, mask))

    def _intrinsic(self, name: str, *values: Vector) -> Vector:
        kind = f"v{self.lanes}f{8 * self.size}"
        function = cgutils.get_or_insert_function(
            self.builder.module,
            ir.FunctionType(self.register, [self.register] * len(values)),
            f"llvm.{name}.{kind}",
        )
        return Vector(self, self.builder.call(function, [each.value for each in values]))

    def fma(self, a: Vector | float, b: Vector, c: Vector) -> Vector:
        """A b + c, rounded once."""
        return self._intrinsic("fma", self.vector(a), b, c)

    def sqrt(self, x: Vector) -> Vector:
        """Square root."""
        return self._intrinsic("sqrt", x)

    def least(self, a: Vector, b: Vector | float) -> Vector:
        """The lesser of two numbers in each lane; the other where one is not a number."""
        return self._intrinsic("minnum", a, self.vector(b))

    def polynomial(self, x: Vector, coefficients: list[float]) -> Vector:
        """Σ_k c_k x^k by Horner's rule."""
        value = self.vector(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            value = self.fma(value, x, self.vector(coefficient))
        return value

    def exp(self, x: Vector) -> Vector:
        """e^x, to the last bit or two; arguments beyond ±87 (±700 in double) count as these.

        x = k ln 2 + s with |s| ≤ ln 2 / 2, and e^s by its Taylor series.
        """
        bound, bits, terms = (87.0, 23, 8) if self.size == 4 else (700.0, 52, 14)
        x = self._intrinsic(
            "minnum", self._intrinsic("maxnum", x, self.vector(-bound)), self.vector(bound)
        )
        k = self._intrinsic("rint", x * (1 / log(2)))
        coarse = 0.693359375  # few bits, so that k times it is exact
        s = self.fma(-k, self.vector(log(2) - coarse), self.fma(-k, self.vector(coarse), x))
        whole = ir.VectorType(ir.IntType(8 * self.size), self.lanes)
        shift = ir.Constant(whole, [bits] * self.lanes)
        bias = ir.Constant(whole, [2 ** (8 * self.size - bits - 2) - 1] * self.lanes)
        power = self.builder.add(self.builder.fptosi(k.value, whole), bias)
        scale = self.builder.bitcast(self.builder.shl(power, shift), self.register)
        return self.polynomial(s, [1 / factorial(n) for n in range(terms)]) * Vector(self, scale)

    def whole_part(self, x: Vector) -> tuple[Vector, Vector]:
        """The whole part of positive numbers: as 32-bit integers, and as numbers."""
        integers = self.builder.fptosi(x.value, ir.VectorType(ir.IntType(32), self.lanes))
        return Vector(self, integers), Vector(self, self.builder.sitofp(integers, self.register))

    def sums(self, a: Vector, b: Vector, c: Vector, d: Vector) -> Vector:
        """The sums over the lanes of four vectors, in a vector of four."""
        even = [lane for lane in range(self.lanes) if lane % 2 == 0]
        first = [place for lane in even for place in (lane, lane + self.lanes)]
        ab = self._folded(a, b, first, 1)
        cd = self._folded(c, d, first, 1)
        quarter = [lane for lane in range(self.lanes) if lane % 4 == 0]
        second = [
            place for n in quarter for place in (n, n + 1, n + self.lanes, n + self.lanes + 1)
        ]
        folded, width = self._folded(ab, cd, second, 2), self.lanes
        while width > 4:
            width //= 2
            half = list(range(width))
            folded = self._folded(folded, folded, half, width)
        return folded

    def totals(self, vectors: list[Vector]) -> Vector:
        """The sums over the lanes of as many vectors as there are lanes, in order."""
        step = 1
        while len(vectors) > 1:
            first = [lane for lane in range(self.lanes) if not lane & step]
            lanes = [place for lane in first for place in (lane, lane + self.lanes)]
            # lanes of the same source keep runs of `step`: a run of the one, a run of the other
            lanes.sort(key=lambda place: (place % self.lanes // (2 * step), place // self.lanes))
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [self._folded(one, other, lanes, step) for one, other in pairs]
            step *= 2
        return vectors[0]

    def transposed(self, vectors: list[Vector]) -> list[Vector]:
        """Of as many vectors as there are lanes: the first lanes of all, the second ones, ..."""
        step = 1
        while step < self.lanes:
            low = [lane + (self.lanes - step if lane & step else 0) for lane in range(self.lanes)]
            high = [place + step for place in low]
            rows = list(vectors)
            for k, vector in enumerate(vectors):
                if not k & step:
                    other = vectors[k + step].value
                    rows[k] = self._shuffled(vector.value, other, low)
                    rows[k + step] = self._shuffled(vector.value, other, high)
            vectors = rows
            step *= 2
        return vectors

    def _folded(self, one: Vector, other: Vector, lanes: list[int], step: int) -> Vector:
        low = self._shuffled(one.value, other.value, lanes)
        return low + self._shuffled(one.value, other.value, [lane + step for lane in lanes])

    def local(self, first: Vector) -> Local:
        """A vector that changes its value."""
        return Local(self, first)

    @contextmanager
    def loop(self, start: Integer, stop: Integer, step: int = 1) -> Iterator[Integer]:
        """A loop of the machine code: what follows is done for every `step`-th integer."""
        with cgutils.for_range_slice(
            self.builder, start.value, stop.value, ir.Constant(I64, step), I64, inc=True
        ) as (index, _):
            yield Integer(self, index)

    @contextmanager
    def unless_equal(self, one: Integer, other: Integer) -> Iterator[None]:
        """What follows is done only where two integers differ."""
        with self.builder.if_then(self.builder.icmp_signed("!=", one.value, other.value)):
            yield
