"""Triton's interpreter with its memory watched: what would go wrong on a GPU.

The interpreter runs one program after another and each of them as one thread, so that neither a
race nor a place beyond an array shows in its answers. Here every load and store is looked at.
"""

from bisect import bisect_right
from contextlib import contextmanager

import numpy as np
from triton.runtime import interpreter

WORD = 4  # bytes; no array of the kernels has smaller numbers
WHOLE = {np.add, np.subtract, np.multiply}  # operations of whole numbers that may overflow


class Memory:
    """When each word of one array was written, and first and last read, in the present launch.

    A time is a number that grows from program to program, and at each barrier within one; 0: never.
    """

    def __init__(self, storage):
        self.begin, self.size = storage.data_ptr(), storage.nbytes()
        words = -(-self.size // WORD)
        self.written, self.read_first, self.read = np.zeros((3, words), dtype=np.int64)


class Watch:
    """Faults of the kernels that ran, each as (kernel, what is wrong)."""

    def __init__(self):
        self.faults, self.kernels = set(), set()
        self.kernel, self.memories, self.begins = "", [], []
        self.time, self.entered = 0, 0

    def launch(self, executor, arguments):
        self.kernel = executor.fn.__name__
        self.kernels.add(self.kernel)
        storages = [a.untyped_storage() for a in arguments if hasattr(a, "untyped_storage")]
        self.memories = [Memory(s) for _, s in sorted({s.data_ptr(): s for s in storages}.items())]
        self.begins = [memory.begin for memory in self.memories]
        self.time = 0

    def enter(self):
        self.time += 1
        self.entered = self.time

    def barrier(self):
        self.time += 1

    def fault(self, what):
        self.faults.add((self.kernel, what))

    def _found(self, pointers, mask, size):
        """The memory that the pointers are in, and their words; lanes that are masked left out."""
        places = np.broadcast_to(pointers, mask.shape)[mask].astype(np.int64)
        if not len(places):
            return None, places
        number = bisect_right(self.begins, places[0]) - 1  # the last that begins before
        if number >= 0:
            memory, least, most = self.memories[number], places.min(), places.max()
            if memory.begin <= least and most + size <= memory.begin + memory.size:
                return memory, (places - memory.begin) // WORD
        self.fault("beyond all arrays")
        return None, places

    def _clash(self, first, last, one, before):
        """Say where words were touched by another program, or by this one since a barrier."""
        if (last == self.time).any():
            self.fault(f"{one} what it {before} before, without a barrier")
        if ((first > 0) & (first < self.entered)).any():
            self.fault(f"{one} what another program {before}")

    def load(self, pointers, mask, size):
        memory, words = self._found(pointers, mask, size)
        if memory:
            written, first = memory.written[words], memory.read_first[words]
            self._clash(written, written, "reads", "wrote")
            memory.read_first[words] = np.where(first == 0, self.time, first)
            memory.read[words] = self.time

    def store(self, pointers, values, mask, size):
        memory, words = self._found(pointers, mask, size)
        if not memory:
            return
        written = memory.written[words]
        self._clash(written, written, "writes", "wrote")
        self._clash(memory.read_first[words], memory.read[words], "writes", "read")
        given = np.broadcast_to(values, mask.shape)[mask].view(f"V{values.itemsize}")
        _, first, which = np.unique(words, return_index=True, return_inverse=True)
        if (given != given[first][which]).any():
            self.fault("writes two values to one place")
        memory.written[words] = self.time

    def count(self, one, other, operation):
        if operation in WHOLE and one.dtype == np.int32:
            exact = operation(one.astype(np.int64), other.astype(np.int64))
            if (exact != exact.astype(np.int32)).any():
                self.fault("overflows 32 bits")


def _size(pointers):
    return np.dtype(interpreter._get_np_dtype(pointers.get_element_ty())).itemsize


@contextmanager
def watched(monkeypatch):
    """Watch all that the interpreter runs, and give the faults."""
    watch, builder = Watch(), interpreter.interpreter_builder
    before = {
        (builder, "create_masked_load"): lambda at, mask, *_: watch.load(
            at.data, mask.data.astype(bool), _size(at)
        ),
        (builder, "create_masked_store"): lambda at, values, mask, *_: watch.store(
            at.data, values.data, mask.data.astype(bool), _size(at)
        ),
        (builder, "create_barrier"): watch.barrier,
        (builder, "binary_op"): lambda one, other, do: watch.count(one.data, other.data, do),
        (builder, "set_grid_idx"): lambda *_: watch.enter(),
        (interpreter.GridExecutor, "__call__"): lambda own, *given: watch.launch(own, given),
    }
    with monkeypatch.context() as patch:
        for (owner, name), look in before.items():
            patch.setattr(owner, name, _after(look, getattr(owner, name)))
        yield watch


def _after(look, original):
    def both(*arguments, **others):
        look(*arguments)
        return original(*arguments, **others)

    return both
