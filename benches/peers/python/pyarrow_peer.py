"""pyarrow: record batches of a file, or the scanner of a dataset with a filter. One thread; the file
memory-mapped. It has no string views to give."""

import datetime
import decimal

import pyarrow
import pyarrow.dataset
import pyarrow.parquet

BATCH_ROWS = 8192

pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)


class Scan:
    def __init__(self, file, variant, views, columns, conditions, sql):
        self.file = file
        self.columns = columns
        self.conditions = conditions

    def run(self, take):
        rows = 0
        for batch in self.filtered() if self.conditions else self.batches():
            rows += batch.num_rows
            if take:
                take(batch)
        return rows

    def batches(self):
        with pyarrow.parquet.ParquetFile(self.file, memory_map=True, pre_buffer=False) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=self.columns, use_threads=False)

    def filtered(self):
        dataset = pyarrow.dataset.dataset(self.file)
        expression = None
        for column, operator, kind, text in self.conditions:
            field = dataset.schema.field(column)
            one = compare(pyarrow.dataset.field(column), operator, literal(field.type, kind, text))
            expression = one if expression is None else expression & one
        scanner = dataset.scanner(columns=self.columns, filter=expression, batch_size=BATCH_ROWS, use_threads=False)
        yield from scanner.to_batches()

    def open(self):
        with pyarrow.parquet.ParquetFile(self.file, memory_map=True, pre_buffer=False) as file:
            if self.columns:
                file.iter_batches(BATCH_ROWS, columns=self.columns)
            return file.metadata.num_rows


def literal(column_type, kind, text):
    if kind == "date":
        return pyarrow.scalar(datetime.date.fromisoformat(text), pyarrow.date32())
    if kind == "time":
        return pyarrow.scalar(datetime.datetime.fromisoformat(text), column_type)
    if kind == "decimal":
        return pyarrow.scalar(decimal.Decimal(text), column_type)
    return pyarrow.scalar(int(text) if kind == "int" else text, column_type)


def compare(column, operator, value):
    if operator == "contains":
        return pyarrow.compute.match_substring(column, value.as_py())
    return {
        "=": column.__eq__, "<>": column.__ne__, "<": column.__lt__, "<=": column.__le__, ">": column.__gt__,
        ">=": column.__ge__,
    }[operator](value)
