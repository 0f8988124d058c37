"""The digest of batches, as the runner wants it of every peer: for each leaf column, named by its place in the schema, the
number of its values and two sums over them. Strings: of bytes, and of bytes times their place in the string. Timestamps
count in microseconds, doubles by their bits, decimals by their lowest 64 bits; lists add a leaf of lengths.
"""

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.types as types

MOD = 1 << 64
PIECE = 1 << 15
PER_SECOND = {"s": 1_000_000, "ms": 1000, "us": 1}


class Digest:
    def __init__(self):
        self.rows = 0
        self.leaves = {}

    def add(self, batch):
        """Takes a record batch or a table."""
        self.rows += batch.num_rows
        for piece in batch.to_batches(PIECE) if isinstance(batch, pyarrow.Table) else [batch]:
            for index, column in enumerate(piece.columns):
                self.visit(str(index), column)

    def sums(self):
        return {path: [value % MOD for value in sums] for path, sums in self.leaves.items()}

    def visit(self, path, values):
        kind = values.type
        if types.is_struct(kind):
            for index, child in enumerate(values.flatten()):
                self.visit(f"{path}.{index}", child)
        elif types.is_map(kind):
            self.count(path, len(values) - values.null_count, entries(values))
            key_values = values.cast(pyarrow.list_(pyarrow.struct(
                [("key", kind.key_type), ("value", kind.item_type)]))).flatten()
            self.visit(f"{path}.0", key_values)
        elif types.is_list(kind) or types.is_large_list(kind):
            self.count(path, len(values) - values.null_count, entries(values))
            self.visit(f"{path}.0", values.flatten())
        elif is_text(kind):
            self.texts(path, values)
        else:
            present = values.drop_null()
            self.count(path, len(present), int(numbers(present).sum(dtype=numpy.uint64)))

    def count(self, path, count, total, extra=0):
        sums = self.leaves.setdefault(path, [0, 0, 0])
        for place, value in enumerate((count, total, extra)):
            sums[place] += value

    def texts(self, path, values):
        present = values.drop_null().cast(pyarrow.large_binary())
        if len(present) == 0:
            return self.count(path, 0, 0)
        offsets = numpy.frombuffer(present.buffers()[1], numpy.int64)[present.offset:present.offset + len(present) + 1]
        data = present.buffers()[2]
        text = numpy.frombuffer(data, numpy.uint8)[offsets[0]:offsets[-1]] if data else numpy.zeros(0, numpy.uint8)
        text = text.astype(numpy.uint64)
        offsets = offsets - offsets[0]
        places = numpy.arange(1, len(text) + 1) - numpy.repeat(offsets[:-1], numpy.diff(offsets))
        extra = int((text * places.astype(numpy.uint64)).sum(dtype=numpy.uint64))
        self.count(path, len(present), int(text.sum(dtype=numpy.uint64)), extra)


def is_text(kind):
    return (types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind) or types.is_large_binary(kind)
            or types.is_string_view(kind) or types.is_binary_view(kind))


def entries(values):
    lengths = pyarrow.compute.list_value_length(values) if not types.is_map(values.type) else map_lengths(values)
    return pyarrow.compute.sum(lengths).as_py() or 0


def map_lengths(values):
    kind = pyarrow.list_(pyarrow.struct([("key", values.type.key_type), ("value", values.type.item_type)]))
    return pyarrow.compute.list_value_length(values.cast(kind))


def numbers(present):
    """The values as the digest counts them."""
    kind = present.type
    if types.is_boolean(kind):
        return present.cast(pyarrow.uint8()).to_numpy().astype(numpy.uint64)
    if types.is_decimal128(kind):
        words = numpy.frombuffer(present.buffers()[1], numpy.uint64)
        return words[2 * present.offset:2 * (present.offset + len(present)):2]
    if types.is_timestamp(kind):
        times = present.view(pyarrow.int64()).to_numpy()
        times = times // 1000 if kind.unit == "ns" else times * PER_SECOND[kind.unit]
        return times.astype(numpy.int64).view(numpy.uint64)
    if types.is_date32(kind):
        return present.view(pyarrow.int32()).to_numpy().astype(numpy.int64).view(numpy.uint64)
    if types.is_decimal(kind):
        narrow = {32: pyarrow.int32(), 64: pyarrow.int64()}[kind.bit_width]
        return present.view(narrow).to_numpy().astype(numpy.int64).view(numpy.uint64)
    values = present.to_numpy()
    if values.dtype == numpy.float64:
        return numpy.ascontiguousarray(values).view(numpy.uint64)
    if values.dtype == numpy.float32:
        return numpy.ascontiguousarray(values).view(numpy.uint32).astype(numpy.uint64)
    return values.astype(numpy.int64).view(numpy.uint64)
