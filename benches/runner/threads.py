"""One scan on one core, one on two by two threads, and two that share nothing, each on a core: in turn, a few scans a turn.

A machine whose cores have other work changes its speed within a second, and two cores of it are not always twice one."""

import concurrent.futures

from .peers import CORES, Peer

TURNS = 6
# The first of a turn, of other caches and of a core that may have had nothing to do, are not counted.
SCANS, NOT_COUNTED = 10, 3
TIMES = ("cpu_ms", "wall_ms")


def round_of(contenders, order):
    """What new processes of all contenders take, by name. They load the file before their first turn."""
    teams = {contender.name: Team(contender) for contender in contenders}
    for team in teams.values():
        team.scan({**order, "iterations": 1})
    names = list(teams)
    turns = [name for turn in range(TURNS) for name in names[turn % len(names):] + names[:turn % len(names)]]
    answers = [(name, teams[name].scan({**order, "iterations": SCANS})) for name in turns]
    for team in teams.values():
        team.close()
    return {name: joined([answer for of, answer in answers if of == name]) for name in teams}


class Team:
    """The processes of a contender: `threads-2` is one of two threads on two cores, `processes-2` one on each of two."""

    def __init__(self, contender):
        way, count = contender.variant.split("-")
        cores = CORES[-int(count):]
        self.threads = int(count) if way == "threads" else 1
        self.members = [Peer(contender.program, of) for of in ([cores] if way == "threads" else [[core] for core in cores])]

    def scan(self, order):
        """Scans of all members, at once."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda member: member.ask(**order, threads=self.threads), self.members))
        return joined([{**answer, **{name: answer[name][NOT_COUNTED:] for name in TIMES}} for answer in answers])

    def close(self):
        for member in self.members:
            member.close()


def joined(answers):
    """One answer with the times of all."""
    return {**answers[0], **{name: [time for answer in answers for time in answer[name]] for name in TIMES}}
