"""Writes random nested tables with pyarrow and reads them through the shared library: rows, types and nulls must be those
that were written.

nested.py LIBRARY [CASES [FIRST_SEED]]
"""
import datetime
import decimal
import random
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

import libpqpush

WAYS = ["whole", "ranges", "borrowed", "pieces"]
LEAVES = [
    pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
    pa.float32(), pa.float64(), pa.string(), pa.string(), pa.large_string(), pa.binary(), pa.binary(3), pa.date32(),
    pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.timestamp("ms"), pa.timestamp("us", "UTC"), pa.timestamp("ns"),
    pa.decimal128(5, 2), pa.decimal128(38, 4), pa.decimal256(60, 1),
]


class Generator:
    """Tables of one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.leaves = 12

    def some(self, *choices):
        return self.random.choice(choices)

    def field(self, name, depth):
        return pa.field(name, self.type(depth), nullable=self.random.random() < 0.65)

    def type(self, depth):
        if depth == 0 or self.leaves < 2 or self.random.random() < 0.2:
            self.leaves -= 1
            return self.random.choice(LEAVES)
        kind = self.some("list", "list", "large", "fixed", "map", "struct", "struct", "struct")
        if kind == "struct":
            return pa.struct([self.field(f"f{i}", depth - 1) for i in range(self.some(1, 2, 3))])
        if kind == "map":
            key = self.some(pa.string(), pa.int32())
            return pa.map_(key, self.field("value", depth - 1))
        element = self.field("element", depth - 1)
        if kind == "fixed":
            return pa.list_(element, self.some(1, 2))
        return pa.list_(element) if kind == "list" else pa.large_list(element)

    def values(self, field, count):
        nulls = self.some(0, 0.1, 0.5, 1) if field.nullable else 0
        longest = self.some(0, 1, 1, 2, 4)
        return [None if self.random.random() < nulls else self.value(field.type, longest) for _ in range(count)]

    def value(self, kind, longest):
        types = pa.types
        if types.is_struct(kind):
            return {child.name: self.values(child, 1)[0] for child in kind}
        if types.is_map(kind):
            keys = self.random.sample(range(50), self.random.randint(0, longest))
            named = [str(key) if types.is_string(kind.key_type) else key for key in keys]
            return list(zip(named, self.values(kind.item_field, len(keys))))
        if types.is_fixed_size_list(kind):
            return self.values(kind.value_field, kind.list_size)
        if types.is_list(kind) or types.is_large_list(kind):
            return self.values(kind.value_field, self.random.randint(0, longest))
        return self.leaf(kind)

    def leaf(self, kind):
        types, number = pa.types, self.random.randint(0, self.some(1, 9, 1 << 30))
        if types.is_boolean(kind):
            return number % 2 == 0
        if types.is_integer(kind):
            return number % 100
        if types.is_floating(kind):
            return number * 0.5
        if types.is_string(kind) or types.is_large_string(kind):
            return self.some("", "\u00e9", "word ", "a longer text that no view holds ") + str(number % 30)
        if types.is_fixed_size_binary(kind):
            return number.to_bytes(4, "big")[:3]
        if types.is_binary(kind):
            return number.to_bytes(4, "big") * self.some(0, 1, 5)
        if types.is_decimal(kind):
            return decimal.Decimal(number % 1000 - 500).scaleb(-kind.scale)
        if types.is_date(kind):
            return datetime.date(1970, 1, 1) + datetime.timedelta(days=number % 40_000)
        if types.is_time(kind):
            return datetime.time(number % 24, number % 60, number % 59, number % 1000 * 1000)
        return datetime.datetime(2000, 1, 1) + datetime.timedelta(milliseconds=number)

    def table(self):
        count = self.random.randint(1, self.some(1, 10, 100))
        depth = self.random.randint(1, 6)
        fields = [self.field(f"c{i}", depth) for i in range(self.some(1, 2, 3))]
        return pa.table([pa.array(self.values(field, count), field.type) for field in fields], schema=pa.schema(fields))

    def writing(self):
        return dict(data_page_version=self.some("1.0", "2.0"), use_dictionary=self.some(True, False),
                    compression=self.some("none", "snappy", "zstd", "lz4", "gzip"), store_schema=self.some(True, False),
                    data_page_size=self.some(1, 50, 1 << 20), write_batch_size=self.some(1, 7, 1024),
                    row_group_size=self.some(1, 10, 1 << 20), write_page_index=self.some(True, False))


def plain(field):
    """The field without metadata at any depth."""
    kind = field.type
    if pa.types.is_struct(kind):
        kind = pa.struct([plain(child) for child in kind])
    elif pa.types.is_map(kind):
        kind = pa.map_(plain(kind.key_field), plain(kind.item_field))
    elif pa.types.is_fixed_size_list(kind):
        kind = pa.list_(plain(kind.value_field), kind.list_size)
    elif pa.types.is_list(kind):
        kind = pa.list_(plain(kind.value_field))
    elif pa.types.is_large_list(kind):
        kind = pa.large_list(plain(kind.value_field))
    return pa.field(field.name, kind, field.nullable)


def difference(ours, expected, keeps_types):
    """What is wrong with a table; None where nothing is."""
    for our_field, field in zip(ours.schema, expected.schema, strict=True):
        if keeps_types and not plain(our_field).equals(plain(field)):
            return f"field {our_field}, expected {field}"
    ours.validate(full=True)
    for name, column, wanted in zip(expected.column_names, ours.columns, expected.columns):
        if column.to_pylist() != wanted.to_pylist():
            return f"rows of {name}"
    return None


def projection(generator, source, table):
    """(columns, expected rows): all, or some leaves where pyarrow reads those."""
    paths = [source.schema.column(index).path for index in range(len(source.schema))]
    # pyarrow does not read one side of a map.
    if "map<" not in str(table.schema) and generator.some(True, False):
        columns = sorted(generator.random.sample(paths, generator.random.randint(1, len(paths))), key=paths.index)
        try:
            expected = source.read(columns)
        except (OSError, pa.ArrowInvalid):
            return None, table
        if expected.num_rows == table.num_rows:
            return columns, expected
    return None, table


def check(library, path, generator, table, keeps_types):
    """What is wrong with how a table is read that was written to `path`."""
    with open(path, "rb") as file:
        data = file.read()
    columns, expected = projection(generator, pq.ParquetFile(path), table)
    metadata = library.metadata(data)
    options = dict(batch_rows=generator.some(1, 7, 8192), max_buffered_bytes=generator.some(0, 1, 500))
    rows = expected.num_rows
    offset, limit = generator.some((0, rows), (rows // 3, max(1, rows // 2)), (rows - 1, 1))
    way = generator.some(*WAYS)
    try:
        ours, _ = library.scan(data, metadata, way, columns, offset=offset, limit=limit, **options)
    finally:
        library.lib.pqpush_metadata_free(metadata)
    wrong = difference(ours, expected.slice(offset, limit), keeps_types and columns is None)
    return wrong and f"{wrong}; columns {columns}, rows {offset} + {limit}, {way}, {options}"


def main():
    library = libpqpush.Library(sys.argv[1])
    count, first = (int(text) for text in (sys.argv[2:] + ["400", "0"][len(sys.argv) - 2:]))
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/nested.parquet"
        for seed in range(first, first + count):
            generator = Generator(seed)
            table, writing = generator.table(), generator.writing()
            pq.write_table(table, path, **writing)
            try:
                wrong = check(library, path, generator, table, writing["store_schema"])
            except (libpqpush.Refused, AssertionError, pa.ArrowInvalid) as error:
                wrong = f"{type(error).__name__}: {error}"
            if wrong:
                failures += 1
                print(f"FAIL nested table of seed {seed}: {wrong}", flush=True)
    print(f"{count:5} nested tables of pyarrow, seeds from {first}")
    sys.exit(failures > 0)


main()
