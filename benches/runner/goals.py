"""Ratios to the fastest peer and to the floor, and the goals that they are held against."""

import collections
import math

OURS = "pqpush"


def is_peer(result):
    return not result["contender"].startswith(OURS)


def ratio(results):
    """How many times as long the fastest peer takes, in results of one case and output; None without both."""
    ours = [result["cpu_ms"] for result in results if result["contender"] == OURS]
    peers = [result["cpu_ms"] for result in results if is_peer(result)]
    return min(peers) / ours[0] if ours and peers else None


def groups(results):
    """The results of each case and output."""
    found = collections.defaultdict(list)
    for result in results:
        found[result["family"], result["case"], result["output"]].append(result)
    return found


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


def ratios(results, family):
    """Ratio to the fastest peer of each case and output of a family."""
    found = {}
    for (of, case, output), group in groups(results).items():
        if of == family and ratio(group):
            found[case, output] = ratio(group)
    return found


def summary(results):
    lines = []
    for family in dict.fromkeys(result["family"] for result in results):
        found = ratios(results, family)
        if found:
            worst = min(found, key=found.get)
            lines.append(
                f"{family}: geometric mean {geometric_mean(found.values()):.2f}x of the fastest peer, "
                f"worst {found[worst]:.2f}x ({' '.join(worst)}), {sum(value < 1 for value in found.values())} of "
                f"{len(found)} behind"
            )
    return lines
