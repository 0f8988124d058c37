"""DuckDB: a query whose result comes as Arrow record batches. One thread."""

import duckdb

BATCH_ROWS = 122_880

CONNECTION = duckdb.connect(config={"threads": 1})


class Scan:
    def __init__(self, file, variant, views, columns, conditions, sql):
        columns = ", ".join(f'"{column}"' for column in columns) if columns else "*"
        where = f" WHERE {sql}" if sql else ""
        self.query = f"SELECT {columns} FROM read_parquet('{file}'){where}"

    def run(self, take):
        rows = 0
        for batch in CONNECTION.sql(self.query).to_arrow_reader(BATCH_ROWS):
            rows += batch.num_rows
            if take:
                take(batch)
        return rows
