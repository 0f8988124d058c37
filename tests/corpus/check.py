"""Reads the corpus through the shared library and judges it by the manifests.

check.py LIBRARY CORPUS: every file is read whole, by the ranges asked for, from borrowed memory in one piece and in many,
in bounded memory, and in part.

  certain   has its digest; where some columns are nested or encoded in a way that is not supported yet, each of the
            others that is not nested has its own
  likely    has one of the recorded digests, or is refused
  conflict  the columns that readers agree on have their digests, or the file is refused
  single    no crash
  reject    an error
  mutants   rows or an error; where two other readers agree on the rows, so do rows read here

No file crashes or hangs the reader or makes it panic, be the panic caught, and no hostile one takes more than 64 MiB over
its size. Certain files that are not
read yet stand in not_yet_read.txt, which may only get shorter: a listed file that is read is a failure until its line
is removed.
"""
import collections
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(os.path.dirname(HERE), "not_yet_read.txt")
WAYS = ["whole", "ranges", "borrowed", "pieces", "bounded"]
TIMEOUT_SECONDS = 120
MOST_GROWTH = 64 << 20
UNSUPPORTED = -3001  # PQPUSH_ERR_UNSUPPORTED
INTERNAL = -9001  # PQPUSH_ERR_INTERNAL


class Reader:
    """A worker process; a new one where the last one crashed or hung."""

    def __init__(self, library, corpus):
        self.command = [sys.executable, os.path.join(HERE, "worker.py"), library, corpus]
        self.process = None
        # What the worker and the library say; a panic is told there, also one that is caught.
        self.said = tempfile.NamedTemporaryFile()
        self.panics = 0

    def ask(self, **request):
        """The worker's answer, or a complaint about how it ended or about a panic."""
        answer = self.answer(request)
        said = self.said.read().decode(errors="replace")
        sys.stderr.write(said)
        if "panicked at" in said:
            self.panics += said.count("panicked at")
            answer.setdefault("complaint", "panic: " + said[said.index("panicked at"):])
        return answer

    def answer(self, request):
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        try:
            line = self.lines.get(timeout=TIMEOUT_SECONDS)
        except queue.Empty:
            line = None
        if line:
            return json.loads(line)
        hung = line is None
        self.process.kill()
        status = self.process.wait()
        self.process = None
        return {"complaint": f"no answer in {TIMEOUT_SECONDS} s" if hung else f"the reader died: status {status}"}

    def start(self):
        with open(self.said.name, "ab") as said:
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
            self.process = subprocess.Popen(self.command, text=True, **pipes)
        self.lines = queue.Queue()
        threading.Thread(target=pump, args=(self.process.stdout, self.lines), daemon=True).start()

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


def pump(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put("")


def ways_of(result):
    """What each way came to; a refused footer is refused in every way."""
    if "refused" in result:
        return {way: {"refused": result["refused"]} for way in WAYS}
    return result.get("ways", {})


def complaints_of_any(result, is_hostile=False):
    """What is wrong whatever the file: crash, hang, borrowed bytes, ways that disagree; memory where rows are few."""
    if "complaint" in result:
        return [result["complaint"]]
    ways = ways_of(result)
    found = [way["complaint"] for way in ways.values() if way.get("complaint")]
    refusals = [way["refused"] for way in ways.values() if "refused" in way]
    found += [f"defect of the library: {message}" for code, message in refusals if code == INTERNAL]
    if is_hostile and result["growth"] > MOST_GROWTH:
        found.append(f"peak memory grew by {result['growth'] >> 20} MiB over the size of the file")
    if len({way.get("digest") for way in ways.values()}) > 1:
        found.append("the ways of pushing disagree: " + "; ".join(f"{name} {shown(way)}" for name, way in ways.items()))
    return found


def shown(way):
    return "refused: " + way["refused"][1] if "refused" in way else f"{way['rows']} rows, digest {way['digest'][:12]}"


def is_flat(kind):
    return not kind.startswith(("list<", "struct<", "map<"))


def wrong_columns(way, expected, uncertain=()):
    """Columns that have another digest than expected."""
    columns = way["columns"]
    if len(columns) != len(expected):
        return [f"{len(columns)} columns, expected {len(expected)}"]
    return [f"column {i} {name!r} ({kind})" for i, ((found, digest), (name, kind, wanted)) in enumerate(zip(columns, expected))
            if i not in uncertain and (found != name or digest != wanted)]


def judge_certain(row, result, ask_columns):
    """None where the file has its digest; else (why it does not, whether that may be listed)."""
    way = ways_of(result)["whole"]
    if "digest" in way:
        if way["digest"] in (row["digest"], row["digest_noschema"]):
            return None
        return "wrong rows: " + ", ".join(wrong_columns(way, row["columns"]) or ["digest differs"]), False
    code, message = way["refused"]
    if code != UNSUPPORTED:
        return "refused: " + message, False
    wrong = []
    for name in dict.fromkeys(column[0] for column in row["columns"]):
        # Columns of one name can only be read together.
        columns = [column for column in row["columns"] if column[0] == name]
        if all(is_flat(kind) for _, kind, _ in columns):
            wrong += wrong_alone(name, columns, ask_columns)
    return ("; ".join(wrong), False) if wrong else ("refused: " + message, True)


def wrong_alone(name, columns, ask_columns):
    """What is wrong with the columns of a name read alone; one that is not supported yet is not."""
    result = ask_columns([name])
    found = complaints_of_any(result)
    way = ways_of(result).get("whole", {})
    if way.get("refused", [UNSUPPORTED])[0] != UNSUPPORTED:
        found.append(f"column {name!r} refused: {way['refused'][1]}")
    if "columns" in way:
        found += wrong_columns(way, columns)
    return found


def judge(row, result, ask_columns):
    """(complaint or None, note or None, listable)"""
    ways, verdict = ways_of(result), row["verdict"]
    way = ways["whole"]
    read = "digest" in way
    if verdict == "certain":
        wrong = judge_certain(row, result, ask_columns)
        return (wrong[0], None, wrong[1]) if wrong else (None, None, False)
    if verdict == "reject" and read:
        return f"read ({way['rows']} rows), though no reader reads it", None, False
    if verdict == "likely":
        known = {value for digests in row["digests"].values() for value in digests.values()}
        if not read:
            return None, "refused: " + way["refused"][1], False
        return ("rows that no other reader gives", None, False) if way["digest"] not in known else (None, None, False)
    if verdict == "conflict" and read:
        wrong = wrong_columns(way, row["columns"], set(row.get("uncertain_columns", [])))
        certain_ones = row.get("uncertain_columns") and row.get("columns")
        return ("wrong rows: " + ", ".join(wrong) if wrong and certain_ones else None), None, False
    if verdict == "conflict":
        return None, "refused: " + way["refused"][1], False
    return None, None, False


def listed():
    """The files that are not read yet."""
    with open(LIST) as file:
        lines = [line.split("#")[0].strip() for line in file]
    return {line for line in lines if line}


def check_files(reader, corpus, collection, not_yet, report):
    folder = os.path.join(corpus, collection)
    with open(os.path.join(folder, "manifest.jsonl")) as manifest:
        rows = [json.loads(line) for line in manifest]
    for row in rows:
        name = f"{collection}/{row['name']}"
        request = dict(name=name, path=os.path.join(folder, row["name"]), ways=WAYS)
        result = reader.ask(columns=None, **request)
        found = complaints_of_any(result, is_hostile=row["verdict"] == "reject")
        if found:
            report.fail(name, "; ".join(found))
            continue
        complaint, note, listable = judge(row, result, lambda columns: reader.ask(columns=columns, **request))
        if complaint and listable and name in not_yet:
            report.count(row["verdict"], "not yet read")
        elif complaint:
            report.fail(name, f"{row['verdict']}: {complaint}")
        elif name in not_yet:
            report.fail(name, "is read now: remove it from tests/not_yet_read.txt")
        else:
            report.count(row["verdict"], "noted" if note else "as it should be")
            if note:
                print(f"note {name}: {note}")
        not_yet.discard(name)


def check_mutants(reader, corpus, report):
    with open(os.path.join(corpus, "bad", "manifest.jsonl")) as manifest:
        rows = [json.loads(line) for line in manifest]
    with tempfile.TemporaryDirectory() as folder:
        generator = [sys.executable, "-B", os.path.join(corpus, "mutate.py"), "gen", folder]
        subprocess.run(generator, check=True, stdout=subprocess.DEVNULL)
        for row in rows:
            request = dict(name=row["id"], path=os.path.join(folder, row["id"] + ".parquet"), ways=WAYS)
            result = reader.ask(columns=None, **request)
            found = complaints_of_any(result, is_hostile=True) or wrong_mutant(row, ways_of(result)["whole"])
            if not found and ways_of(result)["whole"].get("refused", [0])[0] == UNSUPPORTED:
                found = complaints_of_any(reader.ask(columns="flat", **request), is_hostile=True)
            if found:
                report.fail(f"mutant {row['id']} ({row['kind']} of {row['seed']})", "; ".join(found))
            else:
                report.count("mutant", "as it should be")


def wrong_mutant(row, way):
    """Rows read of a mutant must be those that two other readers agree on."""
    digests = {reader.get("digest") for reader in row["readers"].values() if reader["ok"]}
    agreed = all(reader["ok"] for reader in row["readers"].values()) and len(digests) == 1
    if agreed and "digest" in way and way["digest"] not in digests:
        return ["other rows than two readers agree on"]
    return []


class Report:
    def __init__(self):
        self.counts, self.failures = collections.Counter(), 0

    def count(self, verdict, outcome):
        self.counts[f"{verdict}, {outcome}"] += 1

    def fail(self, name, why):
        self.failures += 1
        print(f"FAIL {name}: {why}", flush=True)


def main():
    library, corpus = sys.argv[1:3]
    not_yet, report, reader = listed(), Report(), Reader(library, corpus)
    for collection in ("parquet-testing", "wild"):
        check_files(reader, corpus, collection, not_yet, report)
    check_mutants(reader, corpus, report)
    reader.close()
    for name in sorted(not_yet):
        report.fail(name, "is listed in tests/not_yet_read.txt, and there is no such file")
    for what, number in sorted(report.counts.items()):
        print(f"{number:5} {what}")
    print(f"{reader.panics:5} panics caught")
    print(f"{report.failures:5} failures")
    sys.exit(report.failures > 0)


if __name__ == "__main__":
    main()
