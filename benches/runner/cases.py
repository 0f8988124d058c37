"""What is measured: families of cases, and who contends in each."""

import dataclasses
import re

# Codecs and page versions of the whole tables. Names of files are those of benches/data.
COMPRESSED = [
    "lineitem-snappy", "lineitem-zstd", "lineitem-lz4", "lineitem-gzip", "lineitem-snappy-v2", "lineitem-zstd-v2",
    "lineitem-snappy-flba", "orders-snappy", "orders-zstd", "orders-lz4", "hits-snappy", "hits-zstd", "taxi-snappy",
    "taxi-zstd", "nested-snappy",
]
UNCOMPRESSED = [
    "lineitem-none", "lineitem-none-v2", "lineitem-none-flba", "orders-none", "hits-none", "taxi-none", "nested-none",
]
QUICK_TABLES = {
    "lineitem-snappy", "lineitem-zstd", "orders-lz4", "hits-zstd", "taxi-snappy", "nested-snappy", "lineitem-none",
    "hits-none", "taxi-none",
}

LAB = """
bool_plain bool_plain_null50 bool_rle dec_flba dec_i64 f32_bss f64_bss f64_dict_low f64_plain i32_delta i32_dict_low
i32_plain i64_delta i64_delta_rand i64_dict_high i64_dict_low i64_dict_null1 i64_dict_null50 i64_dict_null99
i64_dict_runs i64_plain i64_plain_null1 i64_plain_null50 i64_plain_null50_v2 i64_plain_null99 i64_plain_nullruns50
i64_plain_req list_i32 list_i32_nulls list_list_i32 list_str map_str_i32 str_dba str_dict_high str_dict_low
str_dict_low_v2 str_dict_null50 str_dlba str_plain str_plain_long str_plain_null50 struct ts_int96 ts_us
""".split()
LAB_WITH_STRINGS = {"list_str", "map_str_i32", "struct"}
QUICK_LAB = {
    "bool_plain", "dec_flba", "f64_bss", "i32_delta", "i64_dict_low", "i64_plain_null1", "list_i32", "str_dba",
    "str_dict_low", "str_plain",
}


@dataclasses.dataclass(frozen=True)
class Contender:
    """One way to read: a program, what it is told to do, and the strings that come out."""

    name: str
    program: str
    variant: str
    strings: str

    @property
    def is_ours(self):
        return self.program == "pqpush"


@dataclasses.dataclass(frozen=True)
class Condition:
    column: str
    operator: str
    kind: str
    literal: str

    def sql(self):
        if self.operator == "contains":
            return f"{self.column} LIKE '%{self.literal}%'"
        literal = {"int": "{}", "decimal": "{}", "text": "'{}'", "date": "DATE '{}'", "time": "TIMESTAMP '{}'"}[self.kind]
        return f"{self.column} {self.operator} {literal.format(self.literal)}"

    def __str__(self):
        return f"{self.column}|{self.operator}|{self.kind}|{self.literal}"


@dataclasses.dataclass(frozen=True)
class Case:
    family: str
    name: str
    file: str
    has_strings: bool = True
    columns: tuple = ()
    conditions: tuple = ()
    task: str = "scan"
    quick: bool = False

    @property
    def outputs(self):
        """The families of output, each with a fastest peer of its own."""
        if self.task != "scan" or not self.has_strings:
            return ("any",)
        return ("utf8", "view")


def by_spec(*conditions):
    """Conditions out of texts such as `l_shipdate >= date 1994-01-01`."""
    return tuple(Condition(*text.split(" ", 3)) for text in conditions)


def all_cases(size):
    cases = [Case("compressed", name, name, quick=name in QUICK_TABLES) for name in COMPRESSED]
    cases += [Case("uncompressed", name, name, quick=name in QUICK_TABLES) for name in UNCOMPRESSED]
    for name in LAB:
        strings = name.startswith("str_") or name in LAB_WITH_STRINGS
        cases.append(Case("lab", f"m_{name}", f"m_{name}", strings, quick=name in QUICK_LAB))
    return cases + filter_cases(size) + other_cases()


# The files with a tenth of the rows have their own thresholds: prices and keys depend on the scale.
THRESHOLDS = {
    "full": {"0.01%": "102697", "1%": "91494", "10%": "71032", "50%": "36718", "90%": "7903", "keys": 6_000_000},
    "quick": {"0.01%": "95349", "1%": "86806", "10%": "67102", "50%": "34461", "90%": "7431", "keys": 600_000},
}
FOUR = ("l_orderkey", "l_extendedprice", "l_shipdate", "l_comment")
Q6 = by_spec(
    "l_shipdate >= date 1994-01-01", "l_shipdate < date 1995-01-01", "l_discount >= decimal 0.05",
    "l_discount <= decimal 0.07", "l_quantity < decimal 24.00",
)


def filter_cases(size):
    thresholds = THRESHOLDS[size]
    cases = []

    def add(name, file, columns, *conditions, has_strings=True, quick=False):
        cases.append(Case("filters", name, file, has_strings, tuple(columns), by_spec(*conditions), quick=quick))

    for share in ["0.01%", "1%", "10%", "50%", "90%"]:
        add(f"li random {share}", "lineitem-snappy", FOUR, f"l_extendedprice >= decimal {thresholds[share]}.00",
            quick=share in ("0.01%", "10%"))
        key = int(thresholds["keys"] * float(share[:-1]) / 100)
        add(f"li clustered {share}", "lineitem-snappy", FOUR, f"l_orderkey <= int {key}", quick=share == "1%")
    add("li random 1% all columns", "lineitem-snappy", (), f"l_extendedprice >= decimal {thresholds['1%']}.00")
    add("li zstd random 1%", "lineitem-zstd", FOUR, f"l_extendedprice >= decimal {thresholds['1%']}.00")
    add("li sorted shipdate 10%", "lineitem-sorted-snappy", FOUR, "l_shipdate < date 1992-10-29", quick=True)
    add("li unsorted shipdate 10%", "lineitem-snappy", FOUR, "l_shipdate < date 1992-10-29")
    two = ("l_extendedprice", "l_discount")
    for name, file in [("li Q6", "lineitem-snappy"), ("li sorted Q6", "lineitem-sorted-snappy")]:
        case = Case("filters", name, file, False, two, Q6, quick=name == "li Q6")
        cases.append(case)
    add("li shipmode = AIR", "lineitem-snappy", ("l_orderkey", "l_shipmode"), "l_shipmode = text AIR", quick=True)
    add("li shipmode absent", "lineitem-snappy", FOUR, "l_shipmode = text NOPE", quick=True)
    for place, share in [("vault", "0.01%"), ("roof", "1%"), ("garage", "10%"), ("office", "50%")]:
        add(f"sensor location {share}", "sensor-snappy", (), f"location = text {place}", quick=share in ("1%", "50%"))
    add("sensor location not 90%", "sensor-snappy", (), "location <> text garage")
    for sensors, share in [(1, "0.01%"), (100, "1%"), (1000, "10%"), (5000, "50%"), (9000, "90%")]:
        add(f"sensor runs {share}", "sensor-snappy", (), f"sensor_id < int {sensors}", quick=share == "1%")
    for share, seconds in [("0.01%", 100), ("10%", 100_000), ("50%", 500_000)]:
        seconds = seconds // (1 if size == "full" else 10)
        add(f"sensor clustered {share}", "sensor-snappy", (), f"date_time < time {moment(seconds)}", quick=share == "10%")
    add("hits SearchPhrase not empty", "hits-zstd", ("UserID", "URL", "SearchPhrase"), "SearchPhrase <> text ")
    add("hits RegionID", "hits-zstd", ("UserID", "URL", "SearchPhrase"), "RegionID = int 229", quick=True)
    add("hits URL contains", "hits-zstd", ("UserID", "URL"), "URL contains text kata")
    add("hits CounterID, IsRefresh", "hits-zstd", ("Title", "UserID", "URL"), "CounterID = int 62", "IsRefresh = int 0")
    return cases


def moment(seconds):
    """So many seconds behind the first reading of the sensors."""
    import datetime
    first = datetime.datetime(2020, 9, 13, 12, 26, 40)
    return (first + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def other_cases():
    ten = tuple(f"column_{index * 37}" for index in range(10))
    cases = []
    for columns in (1000, 10_000):
        cases.append(Case("footer", f"open {columns}", f"wide-{columns}", task="open", quick=True))
        cases.append(Case("footer", f"open {columns}, project 10", f"wide-{columns}", columns=ten, task="open", quick=True))
    for file in ("lineitem-snappy", "lineitem-none"):
        cases.append(Case("threads", file, file, quick=file == "lineitem-snappy"))
        cases.append(Case("memory", file, file, quick=file == "lineitem-snappy"))
        cases.append(Case("abi", file, file, quick=file == "lineitem-none"))
    return cases


FAMILIES = ["compressed", "uncompressed", "lab", "filters", "footer", "threads", "memory", "abi"]


def chosen(size, family, pattern):
    """The cases of a family, or of all; `tables` are both families of tables. Quick leaves out what is not marked."""
    families = {"tables": {"compressed", "uncompressed"}, None: set(FAMILIES)}.get(family, {family})
    cases = [case for case in all_cases(size) if case.family in families]
    if pattern:
        return [case for case in cases if re.search(pattern, case.name)]
    return [case for case in cases if size == "full" or case.quick]


def contenders(case, output):
    """Who reads the case with that output. With the output `any` the types have no strings, and all are in one family."""
    if case.family == "footer":
        return [Contender(name, program, "open", "utf8") for name, program in [
            ("pqpush", "pqpush"), ("arrow-rs", "arrow-rs"), ("pyarrow", "pyarrow"), ("polars", "polars")]]
    if case.family == "abi":
        return [Contender("pqpush C ABI", "pqpush-rust", "pqpush-rust", output),
                Contender("pqpush Rust API", "pqpush-rust", "pqpush-rust", output)]
    if case.family == "threads":
        return [Contender("pqpush 1 thread", "pqpush", "threads-1", output),
                Contender("pqpush 2 threads", "pqpush", "threads-2", output),
                Contender("pqpush 2 processes", "pqpush", "processes-2", output)]
    strings = "utf8" if output == "any" else output
    ways = [("pqpush", "pqpush", "whole"), ("pqpush demand", "pqpush", "demand")]
    if case.conditions:
        ways += [("arrow-rs RowFilter", "arrow-rs", "rowfilter"), ("arrow-rs post", "arrow-rs", "post")]
    else:
        ways += [("arrow-rs sync", "arrow-rs", "sync"), ("arrow-rs push", "arrow-rs", "push")]
    if output != "view":
        ways.append(("pyarrow", "pyarrow", "dataset" if case.conditions else "batches"))
        ways.append(("duckdb", "duckdb", "reader"))
    if output != "utf8":
        # Whole tables at once measure little but fresh memory.
        ways += [("polars collect", "polars", "collect")] * (case.family not in ("compressed", "uncompressed"))
        ways.append(("polars batches", "polars", "batches"))
    return [Contender(name, program, variant, strings) for name, program, variant in ways]
