"""pyarrow, DuckDB and Polars as peers of the benchmarks: main.py PEER. Reads orders from standard input, one a line,
fields KEY=VALUE with tabs between; answers each with a line of JSON. `scripts/bench` starts it.
"""

import importlib
import json
import pathlib
import sys
import time

from digest import Digest

MOST_ITERATIONS = 4096


def status(name):
    """A line of /proc/self/status, in bytes."""
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def measure(order, once):
    """At least the iterations that the order asks for, and more while there is time left."""
    least, budget = max(1, int(order.get("iterations", 1))), float(order.get("budget_ms", 0))
    cpu, wall, rows = [], [], 0
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak counts anew
    resident = status("VmRSS:")
    while len(cpu) < MOST_ITERATIONS and (len(cpu) < least or sum(wall) < budget):
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        rows = once()
        cpu.append((time.process_time() - cpu_start) * 1e3)
        wall.append((time.perf_counter() - wall_start) * 1e3)
    peak = max(0, status("VmHWM:") - resident)
    return {"rows": rows, "peak_bytes": peak, "cpu_ms": cpu, "wall_ms": wall}


def conditions(order):
    """The conditions of an order: column, operator, kind and literal of each."""
    return [text.split("|", 3) for text in order.get("conditions", "").split(";") if text]


def answer(peer, order):
    scan = peer.Scan(
        file=order["file"],
        variant=order.get("variant"),
        views=order.get("strings") == "view",
        columns=order["columns"].split(",") if "columns" in order else None,
        conditions=conditions(order),
        sql=order.get("sql"),
    )
    if order.get("task") == "digest":
        digest = Digest()
        scan.run(digest.add)
        return {"rows": digest.rows, "digest": digest.sums()}
    if order.get("task") == "open":
        return measure(order, scan.open)
    return measure(order, lambda: scan.run(None))


def main():
    peer = importlib.import_module(f"{sys.argv[1]}_peer")
    for line in sys.stdin:
        order = dict(field.split("=", 1) for field in line.rstrip("\n").split("\t"))
        try:
            found = answer(peer, order)
        except Exception as error:  # whatever a peer cannot do, the others still can
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
