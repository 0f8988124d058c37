"""The programs that read: one process each, pinned to a core, told what to do line by line."""

import json
import os
import subprocess

from . import build


# Those that this process, and so any that it starts, may use.
CORES = sorted(os.sched_getaffinity(0))


class PeerError(Exception):
    """What a peer said that it could not do."""


class Peer:
    """A program that answers orders with JSON."""

    def __init__(self, program, cores):
        command, environment = build.command_of(program)
        self.program = program
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, **environment}, preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )

    def ask(self, **fields):
        line = "\t".join(f"{name}={value}" for name, value in fields.items() if value not in (None, ""))
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            text = self.process.stdout.readline()
        except BrokenPipeError:
            text = ""
        if not text:
            raise PeerError(f"{self.program} ended at {line!r}")
        answer = json.loads(text)
        if "error" in answer:
            raise PeerError(f"{self.program}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peers:
    """Processes that are started when they are first asked. Those that ended are started anew."""

    def __init__(self, cores):
        self.cores = cores
        self.running = {}

    def ask(self, program, **fields):
        peer = self.running.get(program)
        if peer is None or peer.process.poll() is not None:
            peer = self.running[program] = Peer(program, self.cores)
        return peer.ask(**fields)

    def close(self):
        for peer in self.running.values():
            peer.close()
        self.running.clear()
