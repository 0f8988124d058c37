"""Ratios to the fastest peer and to the floor, and the goals that they are held against."""

import collections
import math

OURS = "pqpush"

# How many times as fast as the fastest peer each case of a family is to be.
LEAST = {"compressed": 1.0, "uncompressed": 1.5, "lab": 1.0, "filters": 1.0}


def is_peer(result):
    return not result["contender"].startswith(OURS)


def named(results, name):
    """The processor time of a contender in results of one case and output; None where it did not run."""
    return next((result["cpu_ms"] for result in results if result["contender"] == name), None)


def fastest_peer(results):
    peers = [result for result in results if is_peer(result)]
    return min(peers, key=lambda result: result["cpu_ms"]) if peers else None


def ratio(results):
    """How many times as long the fastest peer takes, in results of one case and output; None without both."""
    ours, peer = named(results, OURS), fastest_peer(results)
    return peer["cpu_ms"] / ours if ours and peer else None


def over_floor(results):
    ours, floor = named(results, OURS), results[0]["floor_ms"]
    return ours / floor if ours and floor else None


def groups(results, family=None):
    """The results of each case and output."""
    found = collections.defaultdict(list)
    for result in results:
        if family in (None, result["family"]):
            found[result["case"], result["output"]].append(result)
    return found


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(math.log(value) for value in values) / len(values))


def ratios(results, family):
    """Ratio to the fastest peer of each case and output of a family."""
    return {key: ratio(group) for key, group in groups(results, family).items() if ratio(group)}


def summary(results):
    """A line for each family with peers."""
    lines = []
    for family in dict.fromkeys(result["family"] for result in results):
        found = ratios(results, family)
        if found and family not in ("memory", "footer"):
            worst = min(found, key=found.get)
            lines.append(
                f"{family}: geometric mean {geometric_mean(found.values()):.2f} times as fast as the fastest peer, "
                f"worst {found[worst]:.2f} ({' '.join(worst)}), {sum(value < 1 for value in found.values())} of "
                f"{len(found)} behind"
            )
    return lines + [f"{'met    ' if goal.is_met else 'not met'} {goal.family}: {goal.text}: {goal.reached}"
                    for goal in goals(results)]


Goal = collections.namedtuple("Goal", "family text reached is_met")


def goals(results):
    """Those goals that the results say something about."""
    families = dict.fromkeys(result["family"] for result in results)
    found = []
    for family, least_mean in [("compressed", 1.5), ("uncompressed", 3.0), ("lab", 2.5), ("filters", 2.0)]:
        if family in families and ratios(results, family):
            found += against_peers(results, family, least_mean, LEAST[family])
    for family, most in [("compressed", 1.15), ("filters", 1.2)]:
        if family in families:
            found += against_floor(results, family, most)
    for family, of in [("filters", special_filters), ("footer", footer), ("abi", abi), ("threads", threads),
                       ("memory", memory)]:
        if family in families:
            found += of(results)
    return sorted(found, key=lambda goal: list(families).index(goal.family))


def against_peers(results, family, least_mean, least):
    found = ratios(results, family)
    mean, worst = geometric_mean(found.values()), min(found, key=found.get)
    behind = sum(value < least for value in found.values())
    return [
        Goal(family, f"geometric mean at least {least_mean:g} times as fast as the fastest peer", f"{mean:.2f}",
             mean >= least_mean),
        Goal(family, f"no case below {least:g}",
             f"{behind} of {len(found)} below; worst {found[worst]:.2f} ({', '.join(worst)})", behind == 0),
    ]


def against_floor(results, family, most):
    found = {key: over_floor(group) for key, group in groups(results, family).items() if over_floor(group)}
    # Where next to nothing is read there is no floor worth the name.
    found = {key: value for key, value in found.items() if groups(results, family)[key][0]["floor_ms"] > 0.1}
    if not found:
        return []
    worst = max(found, key=found.get)
    above = sum(value > most for value in found.values())
    return [Goal(family, f"at most {most:g} times the floor",
                 f"{above} of {len(found)} above; geometric mean {geometric_mean(found.values()):.2f}, worst "
                 f"{found[worst]:.2f} ({', '.join(worst)})", above == 0)]


def special_filters(results):
    found = []
    absent = [group for (case, _), group in groups(results, "filters").items() if case == "li shipmode absent"]
    if absent:
        slowest = max(named(group, OURS) for group in absent)
        rows = max(group[0]["file_rows"] for group in absent)
        reached = slowest / (rows / 1e6)
        found.append(Goal("filters", "a value absent from the dictionary: under 3 ms a million rows", f"{reached:.2f} ms",
                          reached < 3))
    for text, words in [("equality of strings of low cardinality leads", ("location", "shipmode =")),
                        ("the shape of TPC-H Q6 leads", ("Q6",))]:
        cells = {key: value for key, value in ratios(results, "filters").items()
                 if any(word in key[0] for word in words) and "not" not in key[0]}
        if cells:
            worst = min(cells, key=cells.get)
            found.append(Goal("filters", text, f"worst {cells[worst]:.2f} ({', '.join(worst)})", cells[worst] >= 1))
    return found


def footer(results):
    found = []
    for case, least in [("open 10000", 3), ("open 10000, project 10", 10)]:
        group = groups(results, "footer").get((case, "any"))
        if group and named(group, "arrow-rs") and named(group, OURS):
            reached = named(group, "arrow-rs") / named(group, OURS)
            found.append(Goal("footer", f"{case}: at least {least} times as fast as the `parquet` crate",
                              f"{reached:.2f}", reached >= least))
    return found


def abi(results):
    found = []
    for (case, output), group in groups(results, "abi").items():
        here, there = named(group, "pqpush C ABI"), named(group, "pqpush Rust API")
        if here and there:
            found.append(Goal("abi", f"{case}, {output}: less than 1 % above the Rust API", f"{here / there - 1:+.2%}",
                              here / there < 1.01))
    return found


def threads(results):
    found = []
    for (case, output), group in groups(results, "threads").items():
        wall = {result["contender"]: result["wall_ms"] for result in group}
        reached = wall["pqpush 1 thread"] / wall["pqpush 2 threads"]
        apart = 2 * wall["pqpush 1 thread"] / wall["pqpush 2 processes"]
        found.append(Goal("threads", f"{case}, {output}: two cores give at least 1.9 times one",
                          f"{reached:.2f}, processes that share nothing {apart:.2f}", reached >= 1.9))
    return found


def memory(results):
    found = []
    for (case, output), group in groups(results, "memory").items():
        ours = next((result["peak_mib"] for result in group if result["contender"] == OURS), None)
        peers = [result["peak_mib"] for result in group if is_peer(result)]
        if ours is not None and peers:
            found.append(Goal("memory", f"{case}, {output}: below the smallest peer",
                              f"{ours:.1f} MiB, the smallest peer {min(peers):.1f}", ours < min(peers)))
    return found
