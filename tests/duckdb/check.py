"""check.py EXTENSION DATA: asks DuckDB the same of pqpush_scan and of its own read_parquet.

DATA has lineitem, orders, customer and part of TPC-H, and room for files that are written here. --corpus names a directory of
files of other writers, of which --equal are equal in all columns. Ends with "N passed, N failed".
"""

import argparse
import datetime
import pathlib
import re
import sys

import duckdb

import filters
import tpch

# Files of the corpus that DuckDB reads and its import of Arrow data cannot, or of which one reader sees more than the other.
REFUSED = {
    "float16_nonzeros_and_nans.parquet": "DuckDB imports no Arrow halffloat",
    "float16_zeros_and_nans.parquet": "DuckDB imports no Arrow halffloat",
    "floating_orders_nan_count.parquet": "DuckDB imports no Arrow halffloat",
    "njaremko-parquet-ruby__test__big-decimal.parquet": "DuckDB imports no decimals of 76 digits",
    "int96_from_spark.parquet": "a day that 64 bits of microseconds cannot count",
    "unknown-logical-type.parquet": "not well-known binary, though the number of the type says so",
    "ARROW-RS-GH-6229-LEVELS.parquet": "broken, and DuckDB does not see it",
}
OTHER_VALUES = {
    "duplicate_field_names__data.parquet": "two fields of one name, for which Python has no dictionary",
    "int96_timestamps_nanos_outside_day_range.parquet": "times that DuckDB wraps and rounds",
}
LARGEST_FILE = 1 << 20

passed = 0
failed = 0


def check(is_right, text):
    global passed, failed
    if is_right:
        passed += 1
    else:
        failed += 1
        print(f"check-duckdb: {text}", file=sys.stderr)


def comparable(value):
    """Equal values as equal texts: NaN too, and times of day without the zone that read_parquet gives them."""
    if isinstance(value, datetime.time):
        value = value.replace(tzinfo=None)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {comparable(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(comparable, value)) + "]"
    return repr(value)


def rows(connection, query):
    return [comparable(row) for row in connection.execute(query).fetchall()]


def same(connection, text, query):
    """Runs a query with each function in place of {scan}."""
    answers = [rows(connection, query.format(scan=scan)) for scan in ("pqpush_scan", "read_parquet")]
    check(answers[0] == answers[1], f"{text}: {len(answers[0])} rows against {len(answers[1])} of read_parquet")


def refuses(connection, query, words):
    try:
        connection.execute(query).fetchall()
    except duckdb.Error as error:
        check(re.search(words, str(error)), f"{query} says {str(error)!r} and not {words!r}")
    else:
        check(False, f"{query} is no error")


def plain_type(name):
    """A type as both readers name it: of times of day in UTC and of coordinate systems they have different ideas."""
    name = re.sub(r"\bTIME WITH TIME ZONE|\bTIME_NS\b", "TIME", name)
    return re.sub(r"GEOMETRY\('[^']*'\)", "GEOMETRY", name)


def connect(extension, **config):
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", **config})
    connection.execute(f"LOAD '{extension}'")
    return connection


def check_tpch(connection, data):
    files = {table: next(data.glob(f"{table}-*.parquet")) for table in ("lineitem", "orders", "customer", "part")}
    for number in tpch.QUERIES:
        ours = rows(connection, tpch.query(number, "pqpush_scan", files))
        theirs = rows(connection, tpch.query(number, "read_parquet", files))
        check(ours == theirs and ours, f"TPC-H query {number}: {ours[:3]} against {theirs[:3]}")


def check_shapes(connection, data):
    """Projection, order, several files, what stands around a scan."""
    lineitem = next(data.glob("lineitem-*.parquet"))
    part = next(data.glob("part-*.parquet"))
    described = "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {scan}('" + str(lineitem) + "'))"
    same(connection, "types of lineitem", described)
    one = "{scan}('" + str(lineitem) + "')"
    for text, query in {
        "count": f"SELECT count(*) FROM {one}",
        "order of columns": f"SELECT l_comment, l_orderkey, l_comment, l_tax FROM {one} LIMIT 5000",
        "order of rows": f"SELECT l_orderkey, l_linenumber FROM {one}",
        "limit and offset": f"SELECT l_orderkey, l_linenumber FROM {one} LIMIT 100 OFFSET 300000",
        "no rows": f"SELECT * FROM {one} WHERE l_orderkey < 0",
        "joined with itself": f"SELECT count(*) FROM {one} a, {one} b WHERE a.l_orderkey = b.l_orderkey "
        "AND a.l_quantity < 3 AND b.l_quantity > 48",
        "the same scan with two filters": f"SELECT (SELECT count(*) FROM {one} WHERE l_quantity < 5), "
        f"(SELECT count(*) FROM {one} WHERE l_quantity > 45)",
        "WITH that is copied": f"WITH t AS NOT MATERIALIZED (SELECT * FROM {one}) SELECT "
        "(SELECT count(*) FROM t WHERE l_quantity < 5), (SELECT count(*) FROM t WHERE l_quantity > 45)",
        "WITH that is kept": f"WITH t AS MATERIALIZED (SELECT * FROM {one}) SELECT "
        "(SELECT count(*) FROM t WHERE l_quantity < 5), (SELECT count(*) FROM t WHERE l_quantity > 45)",
        "union": f"SELECT count(*), sum(k) FROM (SELECT l_orderkey k FROM {one} WHERE l_orderkey < 9 "
        f"UNION ALL SELECT l_orderkey FROM {one} WHERE l_orderkey > 59000)",
        "list of files": "SELECT count(*), sum(l_orderkey) FROM {scan}(['%s', '%s'])" % (lineitem, lineitem),
        "pattern": "SELECT count(*), sum(p_partkey) FROM {scan}('%s/part-*.parquet')" % data,
        "list of patterns": "SELECT count(*) FROM {scan}(['%s/p*t-*.parquet', '%s'])" % (data, part),
    }.items():
        same(connection, text, query)
    names = data / "names.parquet"
    connection.execute(f"""COPY (SELECT i AS "a.b", {{'b': -i, 'c.d': 3}} AS a, i * 2 AS "x y" FROM range(100) t(i)) TO '{names}'""")
    for query in ('SELECT "a.b"', "SELECT a", 'SELECT "x y", "a.b"', "SELECT a.b, a.\"c.d\""):
        for condition in ('"a.b" > 90', "a.b < -90", '"x y" = 4', 'a."c.d" = 3', "true"):
            same(connection, f"{query} where {condition}", f"{query} FROM {{scan}}('{names}') AS t WHERE {condition}")
    prepared = f"SELECT count(*) FROM pqpush_scan('{lineitem}') WHERE l_quantity < ?"
    theirs = prepared.replace("pqpush_scan", "read_parquet")
    for limit in (3, 40):
        ours = connection.execute(prepared, [limit]).fetchall()
        check(ours == connection.execute(theirs, [limit]).fetchall(), f"parameter {limit}")


def check_errors(connection, extension, data):
    broken = data / "broken.parquet"
    whole = next(data.glob("part-*.parquet")).read_bytes()
    broken.write_bytes(whole[:5000] + bytes(30000) + whole[35000:])
    (data / "text.parquet").write_text("PAR1 is not all that it takes")
    connection.execute(f"COPY (SELECT 1 AS other) TO '{data}/other.parquet'")
    refuses(connection, f"FROM pqpush_scan('{data}/absent.parquet')", "No files found")
    refuses(connection, f"FROM pqpush_scan('{data}/absent-*.parquet')", "No files found")
    refuses(connection, f"FROM pqpush_scan('{data}/text.parquet')", r"text\.parquet: .*Parquet file")
    refuses(connection, f"FROM pqpush_scan('{broken}')", r"broken\.parquet: .*column")
    refuses(connection, "FROM pqpush_scan(NULL)", "name of a file")
    refuses(connection, "FROM pqpush_scan([])", "name of a file|at least one file")
    refuses(connection, f"SELECT nothing FROM pqpush_scan('{data}/other.parquet')", "nothing")
    refuses(connection, f"FROM pqpush_scan(['{data}/other.parquet', '{broken}'])", "broken.parquet: .*other")
    check(rows(connection, "SELECT 1") == ["[1]"], "the connection goes on after errors")
    path = data / "on-disk.duckdb"
    path.unlink(missing_ok=True)
    for _ in range(2):
        on_disk = duckdb.connect(str(path), config={"allow_unsigned_extensions": "true"})
        on_disk.execute(f"LOAD '{extension}'")
        on_disk.execute(f"CREATE OR REPLACE TABLE t AS FROM pqpush_scan('{data}/other.parquet')")
        check(rows(on_disk, "FROM t") == ["[1]"], "a table made of a scan")
        on_disk.close()


def check_corpus(connection, corpus, equal):
    counts = {"equal": 0, "other types": 0, "refused by both": 0, "read by pqpush only": 0}
    for file in sorted([*corpus.glob("parquet-testing/*data*/**/*.parquet"), *corpus.glob("wild/*.parquet")]):
        if file.stat().st_size > LARGEST_FILE or file.name.startswith("large_string_map"):
            continue
        answers = []
        for scan in ("pqpush_scan", "read_parquet"):
            try:
                cursor = connection.execute(f"FROM {scan}({str(file)!r})")
                answers.append(([plain_type(str(column[1])) for column in cursor.description], cursor.fetchall()))
            except (duckdb.Error, UnicodeDecodeError, OverflowError):
                answers.append(None)
        ours, theirs = answers
        if ours is None:
            check(theirs is None or file.name in REFUSED, f"{file.name}: not read")
            counts["refused by both"] += theirs is None
        elif theirs is None:
            counts["read by pqpush only"] += 1
        else:
            check(len(ours[0]) == len(theirs[0]) and len(ours[1]) == len(theirs[1]), f"{file.name}: other shape")
            alike = [i for i, types in enumerate(zip(ours[0], theirs[0])) if types[0] == types[1]]
            values = [[comparable([row[i] for i in alike]) for row in answer[1]] for answer in answers]
            differs = any(file.name.endswith(name) for name in OTHER_VALUES)
            check(values[0] == values[1] or differs, f"{file.name}: other values")
            counts["equal" if len(alike) == len(ours[0]) else "other types"] += 1
    print(", ".join(f"{count} {text}" for text, count in counts.items()))
    check(counts["equal"] >= equal, f"{equal} files of the corpus were equal once")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extension")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--filters", action="store_true", help="the extension pushes filters down")
    parser.add_argument("--corpus", type=pathlib.Path)
    parser.add_argument("--equal", type=int, default=0)
    arguments = parser.parse_args()
    connection = connect(arguments.extension)
    check_tpch(connection, arguments.data)
    check_shapes(connection, arguments.data)
    check_errors(connection, arguments.extension, arguments.data)
    connection.execute("SET threads = 1")
    check_tpch(connection, arguments.data)
    if arguments.filters:
        filters.run(connection, arguments.data, check, rows)
    if arguments.corpus and arguments.corpus.is_dir():
        check_corpus(connection, arguments.corpus, arguments.equal)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
