"""Runs one case: the same rows by everybody, then rounds in which each contender has its turn."""

import json
import statistics
import time

from . import build, cases, goals, threads
from .peers import CORES, PeerError, Peers

# The first core has the most other work to do.
CORE = {CORES[-1]}

# A case that does not seem to be ahead of the fastest peer by so much more than is wanted takes so many times the rounds.
NEAR = 1.25
MORE = 4
# So does the one whose figures are differences of a percent.
FINE = "abi"
# In these, contenders do not simply take turns.
OTHERWISE = ("abi", "threads")


class Session:
    """Peers that stay alive over the cases of a family, and what they were seen to agree on."""

    def __init__(self, size, rounds, budget_ms, only=None):
        self.size = size
        self.rounds = rounds
        self.budget_ms = budget_ms
        self.only = only
        self.peers = Peers(CORE)
        self.verified = Verified()
        self.library = build.library()

    def close(self):
        self.peers.close()

    def contenders(self, case, output):
        found = cases.contenders(case, output)
        return [contender for contender in found if self.only is None or contender.program in self.only]

    def run(self, case, output):
        """The results of a case: a dictionary for each contender, in their order."""
        contenders = self.contenders(case, output)
        if case.task == "scan" and case.family not in ("threads",):
            contenders = self.agreeing(case, output, contenders)
        answers = {contender.name: [] for contender in contenders}
        floors = []
        for done in range(MORE * self.rounds):
            if done == self.rounds and not needs_more(case, contenders, answers):
                break
            self.round(case, output, contenders, answers, floors)
        results = [result(case, output, contender, answers[contender.name], floors) for contender in contenders]
        return [{**result, "file_rows": self.rows_of(case), "library": self.library} for result in results]

    def round(self, case, output, contenders, answers, floors):
        """Everybody's turn."""
        for contender in contenders:
            if case.family == "memory":
                self.peers.close()
            if case.family not in OTHERWISE:
                answers[contender.name].append(self.ask(case, contender))
        if case.family == "abi":
            # One process does both, a batch by each in turn, so that nothing else differs; the next round has another, because
            # where memory happens to lie is worth half a percent. The first scans of a process pay for memory, here too.
            order = fields(case, self.size, "pqpush-rust", contenders[0].strings, self.budget_ms)
            both = ask_a_new_process(CORE, "pqpush-rust", {**order, "task": "abi", "iterations": 5})
            for contender, answer in zip(contenders, (both["c"], both["rust"]), strict=True):
                answers[contender.name].append(answer)
        if case.family == "threads":
            order = fields(case, self.size, "whole", output, 0)
            for name, answer in threads.round_of(contenders, order).items():
                answers[name].append(answer)
        if has_floor(case):
            floors.append(self.peers.ask("arrow-rs", **fields(case, self.size, "floor", output, self.budget_ms)))

    def rows_of(self, case):
        """Rows of the file of a case."""
        order = {"task": "open", "file": build.path_of(self.size, case.file)}
        return self.peers.ask("pqpush" if self.only and "arrow-rs" not in self.only else "arrow-rs", **order)["rows"]

    def ask(self, case, contender):
        return self.peers.ask(contender.program, **fields(case, self.size, contender.variant, contender.strings, self.budget_ms))

    def agreeing(self, case, output, contenders):
        """Those that gave the rows of the first; complains about the others."""
        agreed, expected = [], None
        for contender in contenders:
            try:
                found = self.digest(case, contender)
            except PeerError as error:
                print(f"  {case.name}: {contender.name}: {error}", flush=True)
                continue
            if expected is None:
                expected = found
            if found == expected:
                agreed.append(contender)
            else:
                print(f"  {case.name}: {contender.name} has other rows: {difference(expected, found)}", flush=True)
        return agreed

    def digest(self, case, contender):
        path = build.path_of(self.size, case.file)
        order = fields(case, self.size, contender.variant, contender.strings, 0)
        order["task"] = "digest"
        key = json.dumps([contender.program, path.stat().st_mtime_ns, order], default=str)
        if contender.is_ours or key not in self.verified.known:
            answer = self.peers.ask(contender.program, **order)
            # Leaves without a value: some say so, some say nothing.
            answer["digest"] = {path: sums for path, sums in answer["digest"].items() if any(sums)}
            self.verified.known[key] = answer
        return self.verified.known[key]


def ask_a_new_process(cores, program, order):
    peers = Peers(cores)
    answer = peers.ask(program, **order)
    peers.close()
    return answer


class Verified:
    """Digests of peers are kept between runs; those of pqpush are always made anew."""

    PATH = build.WORK / "digests.json"

    def __init__(self):
        self.known = json.loads(self.PATH.read_text()) if self.PATH.exists() else {}

    def save(self):
        self.PATH.parent.mkdir(parents=True, exist_ok=True)
        self.PATH.write_text(json.dumps(self.known))


def fields(case, size, variant, strings, budget_ms):
    """The order for a case."""
    return {
        "task": case.task,
        "file": build.path_of(size, case.file),
        "variant": variant,
        "strings": "view" if strings == "view" else "utf8",
        "columns": ",".join(case.columns),
        "sql": " AND ".join(condition.sql() for condition in case.conditions),
        "conditions": ";".join(str(condition) for condition in case.conditions),
        "iterations": 1,
        "budget_ms": budget_ms,
    }


def has_floor(case):
    return case.family in ("compressed", "uncompressed", "lab", "filters")


def difference(expected, found):
    if expected["rows"] != found["rows"]:
        return f"{found['rows']} rows, not {expected['rows']}"
    for path, sums in expected["digest"].items():
        if found["digest"].get(path) != sums:
            return f"column {path}: {found['digest'].get(path)}, not {sums}"
    return f"columns {sorted(found['digest'])}, not {sorted(expected['digest'])}"


def needs_more(case, contenders, answers):
    """True where more rounds may decide on which side of what is wanted a case is."""
    if case.family == FINE:
        return True
    wanted = goals.LEAST.get(case.family)
    medians = [
        {"contender": contender.name, "cpu_ms": statistics.median(times(answers[contender.name], "cpu_ms"))}
        for contender in contenders
    ]
    ratio = goals.ratio(medians)
    return bool(wanted and ratio) and ratio < wanted * NEAR


def times(answers, name):
    return [time for answer in answers for time in answer[name]]


def result(case, output, contender, answers, floors):
    cpu, wall = times(answers, "cpu_ms"), times(answers, "wall_ms")
    floor = statistics.median(times(floors, "cpu_ms")) if floors else None
    return {
        "family": case.family,
        "case": case.name,
        "output": output,
        "contender": contender.name,
        "rows": answers[0]["rows"],
        "cpu_ms": statistics.median(cpu),
        "wall_ms": statistics.median(wall),
        "least_cpu_ms": min(cpu),
        "iterations": len(cpu),
        "peak_mib": min(answer["peak_bytes"] for answer in answers) / 2**20,
        "floor_ms": floor,
    }


def run_case(session, case, tell):
    """The results of a case with all kinds of output; `tell` gets those of each as they come."""
    results = []
    for output in case.outputs:
        started = time.monotonic()
        found = session.run(case, output)
        session.verified.save()
        results += found
        tell(case, output, found, time.monotonic() - started)
    return results
