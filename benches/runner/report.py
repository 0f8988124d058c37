"""What was measured, in words: lines on the terminal as it comes."""

from . import goals


def print_case(case, output, results, seconds):
    ours = next((result for result in results if result["contender"].startswith("pqpush")), None)
    cells = [f"{result['contender']} {result['cpu_ms']:.2f}" for result in results]
    floor = f"  floor {results[0]['floor_ms']:.2f}" if results and results[0]["floor_ms"] else ""
    ratio = goals.ratio(results)
    ahead = f"  => {ratio:.2f}x" if ratio and ours else ""
    print(f"{case.family} {case.name} {output}:{ahead}{floor}  [" + ", ".join(cells) + f"]  {seconds:.1f} s", flush=True)


def print_summary(results):
    for line in goals.summary(results):
        print(line)
