"""Polars: lazy scans, collected whole or by batches. One thread, which POLARS_MAX_THREADS says. Strings are views."""

import datetime
import decimal

import polars


class Scan:
    def __init__(self, file, variant, views, columns, conditions, sql):
        self.file = file
        self.in_batches = variant == "batches"
        self.columns = columns
        self.conditions = conditions

    def frame(self):
        frame = polars.scan_parquet(self.file)
        for column, operator, kind, text in self.conditions:
            frame = frame.filter(compare(polars.col(column), operator, literal(kind, text)))
        return frame.select(self.columns) if self.columns else frame

    def run(self, take):
        # In batches the streaming engine runs, also with a filter.
        frames = self.frame().collect_batches() if self.in_batches else [self.frame().collect(engine="in-memory")]
        rows = 0
        for frame in frames:
            rows += frame.height
            if take:
                take(frame.to_arrow())
        return rows

    def open(self):
        if self.columns:
            return len(self.frame().collect_schema())
        return self.frame().select(polars.len()).collect().item()


def literal(kind, text):
    if kind == "date":
        return datetime.date.fromisoformat(text)
    if kind == "time":
        return datetime.datetime.fromisoformat(text)
    if kind == "decimal":
        return decimal.Decimal(text)
    return int(text) if kind == "int" else text


def compare(column, operator, value):
    if operator == "contains":
        return column.str.contains(value, literal=True)
    return {
        "=": column.__eq__, "<>": column.__ne__, "<": column.__lt__, "<=": column.__le__, ">": column.__gt__,
        ">=": column.__ge__,
    }[operator](value)
