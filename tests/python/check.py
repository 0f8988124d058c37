"""check.py DIRECTORY FIXTURES: examples_c/python against pyarrow's own reader. DIRECTORY has Parquet files of one table, lineitem
of TPC-H; FIXTURES those of c_tests. With Dask, the scan of the directory by two workers is that of one process. Ends with
"N passed, N failed"."""

import concurrent.futures
import importlib.util
import io
import json
import pathlib
import pickle
import subprocess
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples_c" / "python"
sys.path.insert(0, str(EXAMPLES))

import pqpush
import tasks

passed = 0
failed = 0


def check(is_right, text):
    global passed, failed
    if is_right:
        passed += 1
    else:
        failed += 1
        print(f"check-python: {text}", file=sys.stderr)


class Memory:
    """A file that is no file: whatever has a length and can be read from."""

    def __init__(self, data):
        self.length = len(data)
        self.data = io.BytesIO(data)
        self.read_bytes = 0

    def read(self, offset, length):
        self.data.seek(offset)
        self.read_bytes += length
        return self.data.read(length)


def scan(path, **options):
    with pqpush.File(path) as file, pqpush.read_metadata(file) as metadata:
        return pqpush.scan(file, metadata, **options).read_all()


def check_scans(path):
    theirs = pq.read_table(path)
    check(scan(path).equals(theirs), "a whole file")
    check(scan(path, batch_rows=1000).equals(theirs), "small batches")
    some = scan(path, columns=["l_tax", "l_orderkey"])
    check(some.equals(theirs.select(["l_orderkey", "l_tax"])), "columns, in the order of the file")
    kept = scan(path, where="l_shipmode IN ('AIR', 'MAIL') AND l_quantity < 3")
    modes = pc.is_in(theirs["l_shipmode"], pa.array(["AIR", "MAIL"]))
    wanted = theirs.filter(pc.and_(modes, pc.less(theirs["l_quantity"], pa.scalar(3))))
    check(kept.equals(wanted) and kept.num_rows > 0, "a condition")
    check(scan(path, offset=70_000, limit=10).equals(theirs.slice(70_000, 10)), "offset and limit")
    check(scan(path, limit=0).num_rows == 0, "a limit of no rows")
    groups = pq.ParquetFile(path)
    last = groups.num_row_groups - 1
    turned = scan(path, row_groups=[last, 0], columns=["l_orderkey"])
    check(turned.equals(groups.read_row_groups([last, 0], ["l_orderkey"])), "row groups in another order")
    rows = groups.metadata.row_group(0).num_rows
    runs = scan(path, row_groups=[0], row_selection=[(5, False), (7, True), (rows - 12, False)])
    check(runs.equals(theirs.slice(5, 7)), "chosen rows")
    with pqpush.File(path) as file, pqpush.read_metadata(file) as metadata:
        batches = list(pqpush.scan(file, metadata, columns=[]))
        check(sum(batch.num_rows for batch in batches) == theirs.num_rows, "rows without columns")
    memory = Memory(path.read_bytes())
    table = pqpush.scan(memory, pqpush.read_metadata(memory), columns=["l_tax"]).read_all()
    check(table.equals(theirs.select(["l_tax"])), "a file in memory")
    check(memory.read_bytes < memory.length / 4, "what is not needed is not read")


def check_metadata(path):
    with pqpush.File(path) as file, pqpush.read_metadata(file) as metadata:
        theirs = pq.ParquetFile(path)
        check(metadata.row_count == theirs.metadata.num_rows, "rows")
        check(metadata.row_group_count == theirs.num_row_groups, "row groups")
        check(metadata.row_group_rows(0) == theirs.metadata.row_group(0).num_rows, "rows of a row group")
        check(metadata.schema.equals(theirs.schema_arrow), "schema")
        scan = pqpush.scan(file, metadata, columns=["l_comment"])
        batches = list(scan)
        scan.close()
    check(batches[0].schema.names == ["l_comment"] and batches[0].validate(full=True) is None, "batches live on")


def check_errors(path, fixtures):
    def code_of(action):
        try:
            action()
        except pqpush.Error as error:
            copy = pickle.loads(pickle.dumps(error))
            check((copy.code, str(copy), copy.column) == (error.code, str(error), error.column), "errors can travel")
            return error.code
        return 0

    check(code_of(lambda: scan(path, columns=["no_such_column"])) == -1001, "a column that is not there")
    check(code_of(lambda: scan(path, where="l_tax >")) == -1001, "a condition without an end")
    check(code_of(lambda: scan(path, row_groups=[77])) == -1001, "a row group that is not there")
    check(code_of(lambda: scan(fixtures / "text.parquet")) == -2001, "no Parquet file")
    check(code_of(lambda: scan(fixtures / "corrupt_page.parquet")) == -2003, "a broken page")
    for name in ("nested.parquet", "table.parquet"):
        if (fixtures / name).exists():
            check(scan(fixtures / name).to_pylist() == pq.read_table(fixtures / name).to_pylist(), name)


def check_tasks(directory):
    for options in ({}, {"where": "l_orderkey > 300000"}, {"columns": ["l_orderkey", "l_comment"]}):
        planned = tasks.plan_directory(directory, target_rows=20_000, **options)
        check(len(planned) > 3, f"{len(planned)} tasks only")
        travelled = json.loads(json.dumps(planned))
        whole = pa.concat_tables(scan(path, **options) for path in sorted(directory.glob("*.parquet")))
        read = pa.concat_tables(tasks.read_task(task).read_all() for task in travelled)
        check(read.equals(whole), f"the tasks of {options or 'all'} in their order")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            by_threads = pa.concat_tables(pool.map(lambda task: tasks.read_task(task).read_all(), travelled))
        check(by_threads.equals(whole), f"the tasks of {options or 'all'} on threads")
    with pqpush.File(next(directory.glob("*.parquet"))) as file, pqpush.read_metadata(file) as metadata:
        with pqpush.Plan(metadata, columns=["l_tax"]) as plan:
            rows = sum(plan.decoder(index, file).read_all().num_rows for index in range(len(plan.tasks)))
            check(rows == metadata.row_count, "decoders of a plan")
    changed = dict(planned[0], file_length=planned[0]["file_length"] + 1)
    try:
        tasks.read_task(changed)
        check(False, "a file that changed is read")
    except ValueError:
        check(True, "")


def check_dask(directory):
    if importlib.util.find_spec("distributed") is None:
        print("check-python: Dask skipped: it is not installed")
        return
    command = [sys.executable, "-B", EXAMPLES / "scan_dask.py", directory, "l_shipmode", "l_extendedprice"]
    for where in ([], ["--where", "l_orderkey > 250000 AND l_quantity < 10"], ["--where", "l_orderkey < 0"]):
        alone = subprocess.run([*command, *where], capture_output=True, text=True)
        together = subprocess.run([*command, *where, "--workers", "2"], capture_output=True, text=True)
        check(alone.returncode == 0 and together.returncode == 0, f"scan_dask.py ends badly: {together.stderr}")
        check(alone.stdout == together.stdout, f"two workers say {together.stdout} and one process {alone.stdout}")
        if not where:
            check("on 2 workers" in together.stderr, f"not two workers: {together.stderr}")
            theirs = pq.read_table(directory, columns=["l_shipmode", "l_extendedprice"])
            sums = theirs.group_by("l_shipmode").aggregate([("l_extendedprice", "sum"), ([], "count_all")])
            expected = {(r["l_shipmode"], str(r["l_extendedprice_sum"]), str(r["count_all"])) for r in sums.to_pylist()}
            check({tuple(line.split("\t")) for line in together.stdout.splitlines()} == expected, "sums of pyarrow")


def main():
    directory, fixtures = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    path = sorted(directory.glob("*.parquet"))[-1]
    check(pqpush.version().count(".") == 2, "version")
    check_scans(path)
    check_metadata(path)
    check_errors(path, fixtures)
    check_tasks(directory)
    check_dask(directory)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
