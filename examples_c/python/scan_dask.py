"""scan_dask.py DIRECTORY KEY VALUE [--where SQL] [--workers N]: sum of VALUE and rows for each KEY, over all Parquet files of
a directory, by N workers of Dask. Without workers it is done in this process, and comes to the same.

The driver reads footers and plans; the workers get tasks, which are plain data, and give back sums.
"""

import argparse
import pathlib
import sys

import pyarrow as pa

import tasks

HERE = pathlib.Path(__file__).parent


def sums_of_task(task, key, value):
    """What a worker does: sums batch by batch, so that it never has more than one batch."""
    parts = []
    for batch in tasks.read_task(task):
        sums = pa.Table.from_batches([batch]).group_by(key).aggregate([(value, "sum"), ([], "count_all")])
        parts.append(sums.select([key, f"{value}_sum", "count_all"]).rename_columns(["key", "sum", "rows"]))
    return merge(parts)


def merge(parts):
    """The sums of sums; None where there are none."""
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    sums = pa.concat_tables(parts).group_by("key").aggregate([("sum", "sum"), ("rows", "sum")])
    return sums.select(["key", "sum_sum", "rows_sum"]).rename_columns(["key", "sum", "rows"])


def run_here(planned, key, value):
    return merge([sums_of_task(task, key, value) for task in planned])


def run_on_workers(planned, key, value, workers):
    from dask.distributed import Client, LocalCluster, wait

    # For machines instead of processes: Client("tcp://SCHEDULER:8786"), libpqpush on each of them, and files that all reach.
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            for module in ("pqpush.py", "tasks.py"):
                client.upload_file(str(HERE / module))
            parts = [client.submit(sums_of_task, task, key, value, pure=False) for task in planned]
            wait(parts)
            holders = {worker for workers in client.who_has(parts).values() for worker in workers}
            print(f"{len(planned)} tasks on {len(holders)} workers", file=sys.stderr)
            return client.submit(merge, parts, pure=False).result()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("key")
    parser.add_argument("value")
    parser.add_argument("--where")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--target-rows", type=int, default=100_000, help="rows of a task, about")
    asked = parser.parse_args()
    planned = tasks.plan_directory(asked.directory, columns=[asked.key, asked.value], where=asked.where,
                                   target_rows=asked.target_rows)
    if asked.workers:
        sums = run_on_workers(planned, asked.key, asked.value, asked.workers)
    else:
        sums = run_here(planned, asked.key, asked.value)
    for row in sums.sort_by("key").to_pylist() if sums is not None else []:
        print(f"{row['key']}\t{row['sum']}\t{row['rows']}")


if __name__ == "__main__":
    main()
