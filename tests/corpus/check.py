"""Reads the corpus through the shared library and judges it by the manifests.

check.py LIBRARY CORPUS: every file is read whole, by the ranges asked for, from borrowed memory in one piece and in many,
in bounded memory, and in part.

  certain   has its digest
  likely    has one of the recorded digests, or is refused
  conflict  the columns that readers agree on have their digests, also where the file is refused for another
  single    no crash
  reject    an error
  mutants   rows or an error; where two other readers agree on the rows, so do rows read here

No file crashes or hangs the reader or makes it panic, be the panic caught, and no hostile one takes more than 64 MiB over
its size.
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


def wrong_columns(way, expected, uncertain=()):
    """Columns that have another digest than expected."""
    columns = way["columns"]
    if len(columns) != len(expected):
        return [f"{len(columns)} columns, expected {len(expected)}"]
    return [f"column {i} {name!r} ({kind})" for i, ((found, digest), (name, kind, wanted)) in enumerate(zip(columns, expected))
            if i not in uncertain and (found != name or digest != wanted)]


def wrong_certain(row, way):
    """What is wrong with a file that has to be read; None where nothing is."""
    if "refused" in way:
        return "refused: " + way["refused"][1]
    if way["digest"] in (row["digest"], row["digest_noschema"]):
        return None
    return "wrong rows: " + ", ".join(wrong_columns(way, row["columns"]) or ["digest differs"])


def wrong_conflict(row, way, ask_columns):
    """What is wrong with the columns that readers agree on, read alone where the others make the file be refused."""
    uncertain, columns = set(row.get("uncertain_columns") or []), row.get("columns")
    if not uncertain or not columns:
        return None
    if "digest" in way:
        return ", ".join(wrong_columns(way, columns, uncertain))
    # Columns of one name can only be read together.
    doubtful = {columns[index][0] for index in uncertain}
    agreed = [column for column in columns if column[0] not in doubtful]
    result = ask_columns([name for name, _, _ in agreed])
    alone = ways_of(result).get("whole", {})
    if "columns" not in alone:
        return ", ".join(complaints_of_any(result) or ["refused: " + alone["refused"][1]])
    return ", ".join(complaints_of_any(result) + wrong_columns(alone, agreed))


def judge(row, result, ask_columns):
    """(complaint or None, note or None)"""
    way, verdict = ways_of(result)["whole"], row["verdict"]
    read = "digest" in way
    note = None if read else "refused: " + way["refused"][1]
    if verdict == "certain":
        return wrong_certain(row, way), None
    if verdict == "reject":
        return f"read ({way['rows']} rows), though no reader reads it" if read else None, None
    if verdict == "likely":
        known = {value for digests in row["digests"].values() for value in digests.values()}
        return "rows that no other reader gives" if read and way["digest"] not in known else None, note
    if verdict == "conflict":
        wrong = wrong_conflict(row, way, ask_columns)
        return "wrong columns: " + wrong if wrong else None, note
    return None, None


def check_files(reader, corpus, collection, report):
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
        complaint, note = judge(row, result, lambda columns: reader.ask(columns=columns, **request))
        if complaint:
            report.fail(name, f"{row['verdict']}: {complaint}")
        else:
            report.count(row["verdict"], "noted" if note else "as it should be")
            if note:
                print(f"note {name}: {note}")


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
    report, reader = Report(), Reader(library, corpus)
    for collection in ("parquet-testing", "wild"):
        check_files(reader, corpus, collection, report)
    check_mutants(reader, corpus, report)
    reader.close()
    for what, number in sorted(report.counts.items()):
        print(f"{number:5} {what}")
    print(f"{reader.panics:5} panics caught")
    print(f"{report.failures:5} failures")
    sys.exit(report.failures > 0)


if __name__ == "__main__":
    main()
