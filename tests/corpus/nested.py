"""Writes random nested tables with pyarrow and reads them through the shared library: rows, types and nulls must be those
that were written; where leaves are chosen, those that pyarrow reads.

nested.py LIBRARY [CASES]: PQPUSH_SEED chooses other cases. One that fails is made smaller while it fails and written to
tests/regressions, whose files are read by tests/nested.rs in every later run.
"""
import datetime
import decimal
import os
import random
import sys
import tempfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import libpqpush

WAYS = ["whole", "ranges", "borrowed", "pieces"]
LEAVES = [
    pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
    pa.float16(), pa.float32(), pa.float64(), pa.string(), pa.string(), pa.large_string(), pa.binary(), pa.large_binary(),
    pa.binary(3), pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"),
    pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "Europe/Berlin"),
    pa.decimal128(5, 2), pa.decimal128(38, 4), pa.decimal256(60, 1), pa.dictionary(pa.int8(), pa.string()), pa.null(),
]
REGRESSIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "regressions")
# How often a smaller case is tried.
MOST_TRIES = 400
PLAIN_WRITING = dict(data_page_version="1.0", use_dictionary=False, compression="none", store_schema=True,
                     data_page_size=1 << 20, write_batch_size=1024, row_group_size=1 << 20, write_page_index=False)
PLAIN_READING = dict(columns=None, batch_rows=8192, max_buffered_bytes=0, way="whole", first=0, part=1)


class Generator:
    """Tables of one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.leaves = 12

    def some(self, *choices):
        return self.random.choice(choices)

    def field(self, name, depth):
        kind = self.type(depth)
        return pa.field(name, kind, nullable=pa.types.is_null(kind) or self.random.random() < 0.65)

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
        if types.is_null(kind):
            return None
        if types.is_boolean(kind):
            return number % 2 == 0
        if types.is_dictionary(kind):
            return f"word {number % 5}"
        if types.is_integer(kind):
            return number % 100
        if types.is_floating(kind):
            return number * 0.5
        if types.is_string(kind) or types.is_large_string(kind):
            return self.some("", "\u00e9", "word ", "a longer text that no view holds ") + str(number % 30)
        if types.is_fixed_size_binary(kind):
            return number.to_bytes(4, "big")[:3]
        if types.is_binary(kind) or types.is_large_binary(kind):
            return number.to_bytes(4, "big") * self.some(0, 1, 5)
        if types.is_decimal(kind):
            return decimal.Decimal(number % 1000 - 500).scaleb(-kind.scale)
        if types.is_date(kind):
            return datetime.date(1970, 1, 1) + datetime.timedelta(days=number % 40_000)
        if types.is_time(kind):
            parts = 0 if kind == pa.time32("s") else number % 1000 * 1000
            return datetime.time(number % 24, number % 60, number % 59, parts)
        whole = number // 1000 * 1000 if kind == pa.timestamp("s") else number
        return datetime.datetime(2000, 1, 1) + datetime.timedelta(milliseconds=whole)

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

    def reading(self, table):
        first, part = self.some((0, 1), (0, 1), (1 / 3, 0.5), (0.99, 0.01))
        columns = None
        if self.some(True, False):
            paths = pa_leaves(table.schema)
            columns = self.random.sample(paths, self.random.randint(1, len(paths)))
        return dict(columns=columns, batch_rows=self.some(1, 7, 8192), max_buffered_bytes=self.some(0, 1, 500),
                    way=self.some(*WAYS), first=first, part=part)


def pa_leaves(schema):
    """The paths of the leaves as pyarrow writes them."""
    def below(path, kind):
        types = pa.types
        if types.is_struct(kind):
            return [leaf for child in kind for leaf in below(f"{path}.{child.name}", child.type)]
        if types.is_map(kind):
            return below(path + ".key_value.key", kind.key_type) + below(path + ".key_value.value", kind.item_type)
        if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            return below(path + ".list.element", kind.value_type)
        return [path]
    return [leaf for field in schema for leaf in below(field.name, field.type)]


class Case:
    """A table, how it is written, and how it is read."""

    def __init__(self, table, writing, reading):
        self.table, self.writing, self.reading = table, writing, reading

    @staticmethod
    def of_seed(seed):
        generator = Generator(seed)
        table = generator.table()
        return Case(table, generator.writing(), generator.reading(table))

    def write(self, path):
        pq.write_table(self.table, path, **self.writing)

    def wrong(self, library, path):
        """What is wrong with how the case is read; None where nothing is."""
        try:
            self.write(path)
        except pa.ArrowException:
            # Some dictionaries pyarrow does not write.
            return None
        try:
            return self.difference(library, path)
        except (libpqpush.Refused, AssertionError, pa.ArrowInvalid) as error:
            return f"{type(error).__name__}: {error}"

    def difference(self, library, path):
        with open(path, "rb") as file:
            data = file.read()
        columns, expected = self.expected(path)
        reading = dict(self.reading)
        way, first, part = reading.pop("way"), reading.pop("first"), reading.pop("part")
        reading.pop("columns")
        rows = expected.num_rows
        offset = int(rows * first)
        limit = max(1, int(rows * part)) if part < 1 else 0
        metadata = library.metadata(data)
        try:
            ours, _ = library.scan(data, metadata, way, columns, offset=offset, limit=limit, **reading)
        finally:
            library.lib.pqpush_metadata_free(metadata)
        keeps_types = self.writing["store_schema"] and columns is None
        return difference(ours, expected.slice(offset, limit or rows), keeps_types)

    def expected(self, path):
        """(columns, rows): all that was written, or some leaves and what pyarrow reads of them."""
        chosen, source = self.reading["columns"], pq.ParquetFile(path)
        # pyarrow does not read one side of a map.
        if chosen is None or "map<" in str(self.table.schema):
            return None, self.table
        paths = [source.schema.column(index).path for index in range(len(source.schema))]
        columns = [path for path in paths if path in chosen]
        try:
            rows = source.read(columns)
        except (OSError, pa.ArrowException):
            return None, self.table
        # It does not read back all that it writes.
        return (columns, rows) if columns and rows.num_rows == self.table.num_rows else (None, self.table)

    def smaller(self):
        """Cases with less in them."""
        for column in range(self.table.num_columns):
            if self.table.num_columns > 1:
                yield Case(self.table.remove_column(column), self.writing, self.reading)
            field, values = self.table.field(column), self.table.column(column).combine_chunks()
            if pa.types.is_struct(field.type):
                for child in range(field.type.num_fields):
                    part = pc.struct_field(values, [child])
                    yield self.with_column(column, field.type.field(child).with_nullable(True).with_name(field.name), part)
        rows = self.table.num_rows
        for piece in (rows // 2, rows // 4, 1):
            for start in range(0, rows, piece or rows) if 0 < piece < rows else ():
                left = pa.concat_tables([self.table.slice(0, start), self.table.slice(start + piece)])
                yield Case(left.combine_chunks(), self.writing, self.reading)
        for name, plainer in PLAIN_WRITING.items():
            if self.writing[name] != plainer:
                yield Case(self.table, self.writing | {name: plainer}, self.reading)
        for name, plainer in PLAIN_READING.items():
            if self.reading[name] != plainer:
                yield Case(self.table, self.writing, self.reading | {name: plainer})

    def with_column(self, column, field, values):
        return Case(self.table.set_column(column, field, values), self.writing, self.reading)

    def shrunk(self, library, path):
        """The smallest case that is found to fail too."""
        smallest, tries = self, 0
        while tries < MOST_TRIES:
            for case in smallest.smaller():
                tries += 1
                if case.wrong(library, path) or tries >= MOST_TRIES:
                    smallest = case if tries < MOST_TRIES else smallest
                    break
            else:
                break
        return smallest


def plain(field):
    """The field without metadata at any depth, its dictionaries expanded."""
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
    elif pa.types.is_dictionary(kind):
        kind = kind.value_type
    elif kind in (pa.time32("s"), pa.timestamp("s")):
        # pyarrow stores these as milliseconds, which are what they stay.
        kind = pa.time32("ms") if kind == pa.time32("s") else pa.timestamp("ms")
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


def main():
    library = libpqpush.Library(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    base = int(os.environ.get("PQPUSH_SEED", "0"))
    print(f"PQPUSH_SEED={base}: {count} nested tables of pyarrow", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/nested.parquet"
        for seed in range(base * 1_000_003, base * 1_000_003 + count):
            case = Case.of_seed(seed)
            wrong = case.wrong(library, path)
            if not wrong:
                continue
            failures += 1
            smallest = case.shrunk(library, path)
            kept = os.path.join(REGRESSIONS, f"pyarrow-{seed:x}.parquet")
            smallest.write(kept)
            print(f"FAIL case {seed}: {wrong}\nsmaller: {smallest.wrong(library, path)}\n{smallest.table.schema}\n"
                  f"{smallest.writing} {smallest.reading}\nwritten to {kept}", flush=True)
    print(f"{failures:5} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
