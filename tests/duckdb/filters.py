"""Filters that are pushed into a scan: the rows are those of a table, whatever is accepted, and what should be accepted is no
filter of DuckDB any more."""

# Values whose order or equality is special somewhere. Row groups are small, so that statistics rule some of them out.
TABLE = r"""
    SELECT i::INTEGER AS id, i % 100 AS big, (i % 7)::TINYINT AS tiny, (i * 3)::UBIGINT AS unsigned,
           CASE i % 11 WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::DOUBLE WHEN 2 THEN 'Infinity'::DOUBLE
                       WHEN 3 THEN '-Infinity'::DOUBLE WHEN 4 THEN -0.0 ELSE i / 8.0 END AS real,
           CASE WHEN i % 5 = 0 THEN 'NaN'::FLOAT ELSE i::FLOAT END AS narrow,
           CASE i % 9 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '50%' WHEN 3 THEN '5_0' WHEN 4 THEN 'back\slash'
                      WHEN 5 THEN 'grün' ELSE 'word ' || i END AS text,
           i % 3 = 0 AS flag, (i / 100)::DECIMAL(9, 2) AS price, (i / 7)::DECIMAL(30, 5) AS wide,
           DATE '1994-01-01' + i::INTEGER AS day, TIMESTAMP '2001-02-03 04:05:06' + INTERVAL (i) MINUTE AS moment,
           TIMESTAMPTZ '2001-02-03 04:05:06Z' + INTERVAL (i) HOUR AS instant,
           TIME '00:00:00' + INTERVAL (i) SECOND AS clock, ('x' || i)::BLOB AS bytes, uuid() AS unique_id,
           CASE WHEN i % 13 <> 0 THEN {'a': i, 'b': CASE WHEN i % 2 = 0 THEN 'even' WHEN i % 3 = 0 THEN 'odd' END, 'c': {'d': i % 4 = 0}} END AS record, [i, NULL] AS list,
           NULL::INTEGER AS never
    FROM range(20000) t(i)"""

# Conditions that pqpush evaluates by itself.
ACCEPTED = [
    "id = 77", "id <> 77", "id < 77", "id >= 19990", "77 > id", "id IN (5, 19999, 12345)", "id NOT IN (1, 2, 3)",
    "big = 7 AND tiny = 3", "id = 5 OR id = 19000", "NOT (id > 5)", "tiny <= 2", "unsigned > 59990",
    "unsigned < 18446744073709551615", "real > 5", "real >= 2499", "real < 5", "real = 0", "real <> 1.0",
    "NOT (real > 5)", "NOT (real <= 5)", "real = 'Infinity'::DOUBLE", "narrow > 19000", "narrow <= 4", "text = ''",
    "text > 'word 7'", "text IN ('grün', '50%')", "text LIKE '50%'", "text LIKE '%0'", "text LIKE '%o%d 1_'",
    r"text LIKE 'back\slash'", "text LIKE 'gr_n'", "text NOT LIKE '%word%'", "starts_with(text, '5_')",
    "contains(text, '%')", "suffix(text, '_0')", "text IS NULL", "text IS NOT NULL", "never IS NOT NULL",
    "price = 12.34", "price > 199.98", "wide < 0.5", "day = DATE '1999-09-09'", "day < DATE '1994-01-05'",
    "moment > TIMESTAMP '2001-02-16 00:00:00'", "instant <= TIMESTAMPTZ '2001-02-03 06:05:06Z'",
    "clock > TIME '05:33:00'", "bytes = 'x77'::BLOB", "real IS NULL OR id < 9",
    "flag", "NOT flag", "flag = true", "flag AND id < 9", "record.a = 5", "record.a > 19990 OR record.b IS NULL",
    "record.b IS NULL", "record.b LIKE 'ev%'", "record.b <> 'odd'", "record.c.d", "NOT record.c.d", "record.c.d IS NULL",
]

# Conditions that are left to DuckDB, or of which pqpush does a part only.
SHARED = [
    "id BETWEEN 5 AND 9", "id >= 5 AND id < 9", "id > 5 AND id < 9", "NOT (id BETWEEN 3 AND 19990)",
    "NOT (id > 3 AND id < 19990)", "price BETWEEN 1.00 AND 1.10", "real = 'NaN'::DOUBLE", "real > 'NaN'::DOUBLE",
    "real BETWEEN 4 AND 5", "narrow BETWEEN 19000 AND 'NaN'::FLOAT", "id + 1 = 5", "id = big",
    "upper(text) = 'GRÜN'", "text ILIKE 'WORD 1_'", "text IN ('', NULL)", "text NOT IN ('', NULL)",
    "text LIKE 'x!%' ESCAPE '!'", "id IS DISTINCT FROM 5", "text IS NOT DISTINCT FROM NULL", "record IS NOT NULL", "record.c IS NULL", "list[1] = 7", "list IS NULL", "unique_id IS NOT NULL", "id IN (SELECT 5)",
    "id < 10 AND upper(text) > 'A'", "id < 10 OR upper(text) = 'GRÜN'", "day + 1 > DATE '2048-01-01'", "1 = 0",
    "text COLLATE nocase = 'GRÜN'", "real::FLOAT = 5", "id < (SELECT 5)",
]


def run(connection, data, check, rows):
    file = data / "filters.parquet"
    connection.execute(f"COPY ({TABLE}) TO '{file}' (ROW_GROUP_SIZE 2048)")
    connection.execute(f"CREATE TEMP TABLE filtered AS FROM read_parquet('{file}')")
    for condition in ACCEPTED + SHARED:
        for what in ("*", "count(*)", "text, id"):
            answers = [rows(connection, f"SELECT {what} FROM {source} WHERE {condition}")
                       for source in (f"pqpush_scan('{file}')", "filtered")]
            check(answers[0] == answers[1], f"{what} where {condition}: {len(answers[0])} rows, not {len(answers[1])}")
    for condition in ACCEPTED:
        explained = connection.execute(f"EXPLAIN SELECT big FROM pqpush_scan('{file}') WHERE {condition}").fetchall()
        check("Filter" not in explained[0][1] and "FILTER" not in explained[0][1], f"{condition} is left to DuckDB")
