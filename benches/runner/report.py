"""What was measured: lines on the terminal as it comes, and CSV, tables and charts in docs/benchmarks."""

import csv
import os
import platform
import subprocess

from . import build, cases, charts, goals

DOCS = build.ROOT / "docs/benchmarks"
# The page of a family. The grid of filters that Criterion measures has the name filters.md.
PAGES = {"filters": "filtered"}
TITLES = {
    "compressed": "Full scans of compressed tables",
    "uncompressed": "Full scans of uncompressed tables",
    "lab": "The encoding lab: single columns, uncompressed",
    "filters": "Filtered scans",
    "footer": "Opening files with many columns",
    "threads": "Several decoders on threads",
    "memory": "Peak memory of a drained scan",
    "abi": "What the C ABI adds",
}
OUTPUTS = {"utf8": "Strings as Utf8", "view": "Strings as Utf8View", "any": "Columns without strings"}
NUMBERS = ["rows", "cpu_ms", "wall_ms", "least_cpu_ms", "iterations", "peak_mib", "floor_ms", "file_rows"]
FIELDS = ["family", "case", "output", "contender", *NUMBERS, "library"]


def print_case(case, output, results, seconds):
    shown = {"memory": "peak_mib", "threads": "wall_ms"}.get(case.family, "cpu_ms")
    cells = [f"{result['contender']} {result[shown]:.2f}" for result in results]
    floor = f"  floor {results[0]['floor_ms']:.2f}" if results and results[0]["floor_ms"] else ""
    ratio = goals.ratio(results) if shown == "cpu_ms" else None
    ahead = f"  => {ratio:.2f}x" if ratio else ""
    print(f"{case.family} {case.name} {output}:{ahead}{floor}  [" + ", ".join(cells) + f"]  {seconds:.1f} s", flush=True)


def print_summary(results):
    for line in goals.summary(results):
        print(line)


def write(results, measured):
    """The pages of the families that were measured, and the index of all that were ever written. `measured` says with
    what. Cases of a family that were not measured this time stay as they were."""
    DOCS.mkdir(parents=True, exist_ok=True)
    for family in dict.fromkeys(result["family"] for result in results):
        of_family = merged(family, [result for result in results if result["family"] == family])
        write_csv(DOCS / f"{page_of(family)}.csv", of_family)
        drawn = write_charts(family, of_family)
        (DOCS / f"{page_of(family)}.md").write_text(page(family, of_family, drawn, measured))
    (DOCS / "README.md").write_text(index())


def merged(family, results):
    """The results, and what the page has of other cases, in the order of the cases."""
    path = DOCS / f"{page_of(family)}.csv"
    fresh = {result["case"] for result in results}
    kept = [result for result in read_csv(path) if result["case"] not in fresh] if path.exists() else []
    order = [case.name for case in cases.all_cases("full")]
    return sorted(results + kept, key=lambda result: order.index(result["case"]))


def write_charts(family, results):
    """The charts of a family; for which kinds of output there are any."""
    drawn = []
    for output in dict.fromkeys(result["output"] for result in results):
        chart = charts.chart(f"{TITLES[family]}: {OUTPUTS[output]}", goals.groups(results), output)
        if chart:
            (DOCS / f"{page_of(family)}-{output}.svg").write_text(chart)
            drawn.append(output)
    return drawn


def page_of(family):
    return PAGES.get(family, family)


def write_csv(path, results):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        for result in results:
            writer.writerow({name: rounded(result[name]) for name in FIELDS})


def rounded(value):
    return f"{value:.4f}" if isinstance(value, float) else value


def read_csv(path):
    """The results of a family as they were written."""
    with open(path, newline="") as file:
        return [{**row, **{name: float(row[name]) if row[name] else None for name in NUMBERS}}
                for row in csv.DictReader(file)]


def page(family, results, drawn, measured):
    lines = [f"# {TITLES[family]}", "", measured, *others(results), "", *EXPLANATIONS[family], ""]
    lines += goal_table(goals.goals(results))
    for output in dict.fromkeys(result["output"] for result in results):
        if output in drawn:
            lines += ["", f"![{OUTPUTS[output]}]({page_of(family)}-{output}.svg)"]
        of_output = {case: group for (case, of), group in goals.groups(results).items() if of == output}
        lines += ["", f"## {OUTPUTS[output] if family != 'footer' else 'Milliseconds'}", "", *table(family, of_output)]
    return "\n".join(lines) + "\n"


def others(results):
    """Which cases an earlier state of the library was measured with."""
    newest = build.library()
    older = {result["library"]: [] for result in results if result["library"] != newest}
    for result in results:
        if result["library"] in older and result["case"] not in older[result["library"]]:
            older[result["library"]].append(result["case"])
    return [f"With the library of {library}: {', '.join(names)}." for library, names in older.items()]


SHOWN = {"memory": ("peak_mib", "MiB"), "threads": ("wall_ms", "ms of wall time")}


def table(family, cases):
    """Contenders across, cases down; the fastest peer in bold."""
    measure, _ = SHOWN.get(family, ("cpu_ms", "ms"))
    names = list(dict.fromkeys(result["contender"] for group in cases.values() for result in group))
    has_ratio = family in ("compressed", "uncompressed", "lab", "filters", "footer")
    has_floor = any(group[0]["floor_ms"] for group in cases.values())
    head = ["case", *names] + ["floor"] * has_floor + ["ahead of the fastest peer"] * has_ratio + ["of the floor"] * has_floor
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for case, group in cases.items():
        best = min((result[measure] for result in group if goals.is_peer(result)), default=None)
        values = {result["contender"]: result[measure] for result in group}
        cells = [case]
        for name in names:
            text = number(values.get(name))
            cells.append(f"**{text}**" if best is not None and values.get(name) == best else text)
        if has_floor:
            cells.append(number(group[0]["floor_ms"]))
        if has_ratio:
            cells.append(number(goals.ratio(group)))
        if has_floor:
            cells.append(number(goals.over_floor(group)) if (group[0]["floor_ms"] or 0) > 0.1 else "")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def number(value):
    if value is None:
        return ""
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def goal_table(found):
    if not found:
        return []
    lines = ["| goal | reached | |", "|---|---|---|"]
    return lines + [f"| {goal.text} | {goal.reached} | {'met' if goal.is_met else '**not met**'} |" for goal in found]


def facts(command, size):
    """With what and where it was measured."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    data = {"full": "TPC-H at scale 1 and files as large", "quick": "a tenth of the rows (TPC-H at scale 0.1)"}[size]
    return (f"`{command}`, the library of {build.library()}, on {model}{features()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"{platform.system()}, load {os.getloadavg()[0]:.1f} before it began. {data[0].upper()}{data[1:]}. {versions()}")


def features():
    flags = next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "").split()
    return " with AVX-512" if "avx512f" in flags else " with AVX2" if "avx2" in flags else ""


def versions():
    lock = (build.ROOT / "Cargo.lock").read_text()
    parquet = lock.split('name = "parquet"\nversion = "')[1].split('"')[0]
    code = "import pyarrow, duckdb, polars; print(pyarrow.__version__, duckdb.__version__, polars.__version__)"
    found = subprocess.run([build.VENV / "bin/python", "-c", code], capture_output=True, text=True).stdout.split()
    if len(found) != 3:
        return f"Peers: the `parquet` crate {parquet}."
    return f"Peers: arrow-rs (the `parquet` crate {parquet}), pyarrow {found[0]}, DuckDB {found[1]}, Polars {found[2]}."


def index():
    lines = ["# Benchmarks", "", *INTRODUCTION, "", "| family | goal | reached | |", "|---|---|---|---|"]
    for family in TITLES:
        path = DOCS / f"{page_of(family)}.csv"
        if path.exists():
            link = f"[{TITLES[family]}]({page_of(family)}.md)"
            for goal in goals.goals(read_csv(path)):
                lines.append(f"| {link} | {goal.text} | {goal.reached} | {'met' if goal.is_met else '**not met**'} |")
    return "\n".join([*lines, "", *CLOSING]) + "\n"


INTRODUCTION = [
    "`scripts/bench` makes the data, builds everybody, and writes these pages; `scripts/bench --quick` measures a part of it",
    "on a tenth of the rows in under five minutes (once everything is built and the data made), and",
    "`scripts/bench FAMILY [CASE-REGEX]` one family. Where and with which versions a page was measured stands at its top.",
    "",
    "pqpush runs as hosts run it: the shipped `libpqpush.so` through its C ABI, from a small C program. Every peer is one",
    "process on one core with one thread and reads from memory or the page cache, in the way that is fastest for it:",
    "",
    "| peer | how |",
    "|---|---|",
    "| pqpush | the whole file pushed; *demand*: the ranges that it asks for. Batches of 8192, released as they come |",
    "| arrow-rs | the `parquet` crate, with glibc's malloc as pqpush (mimalloc was 1 to 5 % faster where it was tried), built with thin LTO and one codegen unit: `ParquetRecordBatchReader` (sync) and "
    "`ParquetPushDecoder` (push), batches of 8192. With predicates: `RowFilter`, or decoding and filtering afterwards (post); "
    "both leave out what row-group statistics and the page index rule out |",
    "| pyarrow | `ParquetFile.iter_batches(8192)`; with predicates the scanner of a dataset. Utf8 only; it does not validate |",
    "| DuckDB | `con.sql(query).to_arrow_reader(122880)`. Utf8 only |",
    "| Polars | `scan_parquet().collect_batches()`; but for whole tables also `collect()` in memory. Utf8View only |",
    "",
    "Utf8 and Utf8View are two families of output, each with its own fastest peer; columns without strings are in one.",
    "Rounds go through all peers in turn; times are medians of processor time, footer included. Cases that are not a fourth",
    "better than what is wanted of them take four times as many rounds, and so does the C ABI. Before a case is",
    "measured, all have to give the same rows: the number of rows, and of each leaf column the number of values and sums over",
    "them.",
    "The *floor* decompresses each page of the columns that are read once, with the codecs that pqpush ships, into one buffer,",
    "and copies as many bytes as the Arrow output has within the cache; with predicates only pages that statistics do not rule",
    "out (of predicate columns) or that hold a row of the result (of the output). These pqpush may decompress only as far",
    "as their last row, so that it may take less time than the floor.",
]
CLOSING = [
    "[notes.md](notes.md) says where the time goes in cases that fall short.",
    "",
    "[filters.md](filters.md) is a finer grid of filtered scans against the `parquet` crate alone, in turn, through",
    "the Rust API. [snappy.md](snappy.md) is decompression with Snappy alone.",
]
EXPLANATIONS = {
    "compressed": ["Milliseconds of processor time; the fastest peer is bold. *Ahead* above 1: pqpush is faster."],
    "uncompressed": ["Milliseconds of processor time; the fastest peer is bold. *Ahead* above 1: pqpush is faster. The floor",
                     "here is nothing but a copy within the cache, so that ratios to it are no headroom."],
    "lab": ["Milliseconds of processor time for 10 million rows (DELTA_BYTE_ARRAY 4, long strings 1.5, structs 5, lists and",
            "maps 2, lists of lists 0.5 million); the fastest peer is bold. *Ahead* above 1: pqpush is faster."],
    "filters": ["Milliseconds of processor time; the fastest peer is bold. *Ahead* above 1: pqpush is faster. *li* is lineitem, of",
                "which four columns are read (order key, price, shipping date, comment) unless the name says otherwise; a",
                "share is that of the rows that are kept. *Random*: kept rows are anywhere; *clustered*: side by side."],
    "footer": ["Milliseconds of processor time for the footer of so many columns in 10 row groups, without page index; and for",
               "footer and a decoder of ten columns. Polars plans a query, which is more than to open a file."],
    "threads": ["Wall time of one scan on one core, and on two with a decoder for each task of 262,144 rows. The second thread lives on",
                "from scan to scan, as those of an engine do, each stays on its core, and whoever waits does so awake for some",
                "milliseconds. What two cores are at the time, on a machine whose cores have other work too, two processes show that",
                "share nothing: each scans the file on a core of its own, both at once, by the same tasks, and takes so long for it. All",
                "take turns of ten scans, six for each set of processes, whose first three do not count: a core that had less to do before",
                "is up to a tenth slower for a tenth of a second. The CSV has the processor time of both threads, waiting included."],
    "memory": ["MiB of resident memory at the peak of a scan above what was there before it. The file is in memory before the",
               "scan for pqpush and arrow-rs; the other peers map or read it themselves, which counts for them."],
    "abi": ["Milliseconds of processor time of one build of the library through its C ABI and through its Rust API, in one",
            "process. Each decodes a batch in turn, because the machine may change its speed within a scan by more than the two",
            "differ; each is the first half of the time, and reads two copies of the file. Medians over several processes."],
}
