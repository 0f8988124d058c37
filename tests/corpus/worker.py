"""Reads files through the shared library and reports one JSON line a file; run by check.py, which watches it.

worker.py LIBRARY CORPUS: a request is one JSON line on stdin: {"name", "path", "ways": [...], "columns": null or [...]}.
The answer holds, for each way, either digests or the library's refusal, and the growth of the peak memory.
"""
import gc
import json
import resource
import sys

sys.dont_write_bytecode = True
library_path, corpus = sys.argv[1:3]
sys.path.insert(0, corpus)

import digest  # noqa: E402
import libpqpush  # noqa: E402

# The digest of a value does not depend on the Arrow type of strings, so the ways ask for different ones.
OPTIONS = {
    "whole": {"string_type": libpqpush.UTF8},
    "ranges": {"string_type": libpqpush.LARGE_UTF8},
    "borrowed": {"string_type": libpqpush.UTF8_VIEW},
    "pieces": {"string_type": libpqpush.UTF8_VIEW},
    "bounded": {"max_buffered_bytes": 10_000, "batch_rows": 1000},
}

# The digest of so much takes a minute: one way of reading it has to do.
HUGE_BYTES = 1 << 29


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def flat_columns(schema):
    """Names of the top-level columns that are not nested, as the library's own schema has them."""
    from pyarrow import types
    return [field.name for field in schema if not types.is_nested(field.type)]


def scan(library, data, metadata, way, columns):
    """As a host would: strings of more than 2 GiB in one batch are asked for again with wider offsets."""
    try:
        return library.scan(data, metadata, way, columns, **OPTIONS[way])
    except libpqpush.Refused as refused:
        if refused.code != libpqpush.LIMIT:
            raise
        return library.scan(data, metadata, way, columns, string_type=libpqpush.LARGE_UTF8)


def read(library, data, metadata, way, columns):
    table, lent = scan(library, data, metadata, way, columns)
    names = digest.column_digests(table)
    result = {"digest": digest.combine(table.num_rows, names), "columns": names, "rows": table.num_rows}
    result["is_huge"] = table.nbytes > HUGE_BYTES
    if way == "whole" and not result["is_huge"]:
        result["complaint"] = wrong_slice(library, data, metadata, columns, table)
    del table
    gc.collect()
    if lent.released != lent.borrowed:
        result["complaint"] = f"borrowed {lent.borrowed} times, given back {lent.released} times"
    return result


def wrong_slice(library, data, metadata, columns, table):
    """What is wrong with rows from the middle, skipped to by offset and limit; None where nothing is."""
    rows = table.num_rows
    for offset, limit in ((rows // 3, rows // 2), (rows - 1, 1)):
        if offset < 0 or limit == 0:
            continue
        sliced, _ = library.scan(data, metadata, "ranges", columns, offset=offset, limit=limit)
        if digest.table_digest(sliced) != digest.table_digest(table.slice(offset, limit)):
            return f"offset {offset} limit {limit} gives other rows"
    return None


def answer(library, request):
    with open(request["path"], "rb") as file:
        data = file.read()
    before, results = peak_bytes(), {}
    try:
        metadata = library.metadata(data)
    except libpqpush.Refused as refused:
        return {"refused": [refused.code, str(refused)], "growth": peak_bytes() - before - len(data)}
    columns = request["columns"]
    if columns == "flat":
        columns = flat_columns(library.schema("metadata_schema", metadata))
    for way in request["ways"]:
        try:
            results[way] = read(library, data, metadata, way, columns)
        except libpqpush.Refused as refused:
            results[way] = {"refused": [refused.code, str(refused)]}
        if results[way].get("is_huge"):
            break
    library.lib.pqpush_metadata_free(metadata)
    return {"ways": results, "growth": peak_bytes() - before - len(data)}


def main():
    library = libpqpush.Library(library_path)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = answer(library, request)
        except Exception as error:  # whatever else goes wrong is a complaint about this file, and the next one follows
            result = {"complaint": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
