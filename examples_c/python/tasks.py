"""Scans as tasks that are plain data: what a scheduler sends to another machine, which needs nothing else to do them.

A task is a dictionary of texts and numbers: a file, some rows of one of its row groups, and what to read of them.
"""

import functools
import pathlib

import pqpush


def plan_file(path, columns=None, where=None, target_rows=0):
    """The tasks of a file. Row groups that the condition rules out by statistics are in none of them."""
    with pqpush.File(path) as file, pqpush.read_metadata(file) as metadata:
        with pqpush.Plan(metadata, target_rows, columns=columns, where=where) as plan:
            return [
                {
                    "path": str(path),
                    "file_length": file.length,
                    "row_group": task["row_group"],
                    "rows": _runs(task, metadata.row_group_rows(task["row_group"])),
                    "byte_size": task["byte_size"],
                    "columns": columns,
                    "where": where,
                }
                for task in plan.tasks
            ]


def _runs(task, row_group_rows):
    """Which rows of the row group to read: pairs of a number and whether."""
    after = row_group_rows - task["first_row"] - task["row_count"]
    runs = [(task["first_row"], False), (task["row_count"], True), (after, False)]
    return [run for run in runs if run[0] > 0]


def plan_directory(directory, **options):
    """The tasks of all files of a directory, in the order of their names."""
    paths = sorted(pathlib.Path(directory).glob("*.parquet"))
    return [task for path in paths for task in plan_file(path, **options)]


@functools.lru_cache(maxsize=64)
def _open(path, file_length):
    """A worker meets the same files again and again, and keeps their footers."""
    file = pqpush.File(path)
    if file.length != file_length:
        raise ValueError(f"{path} changed since the scan was planned")
    return file, pqpush.read_metadata(file)


def read_task(task):
    """The decoder of a task: iterate over it, or read_all."""
    file, metadata = _open(task["path"], task["file_length"])
    return pqpush.scan(file, metadata, columns=task["columns"], where=task["where"], row_groups=[task["row_group"]],
                       row_selection=task["rows"])
