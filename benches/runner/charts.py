"""Bar charts as SVG, without a library: how long each program takes, in units of what pqpush takes."""

from xml.sax.saxutils import escape

COLORS = {"pqpush": "#1f6f8b", "arrow-rs": "#d9822b", "pyarrow": "#8c6bb1", "duckdb": "#c9b037", "polars": "#6a9a58",
          "floor": "#222222"}
# Longer bars are cut; the number says how long they are.
LONGEST = 6.0
LEFT, WIDTH, BAR, GAP, TOP = 210, 480, 9, 8, 66


def has_chart(family):
    return family in ("compressed", "uncompressed", "lab", "filters", "footer")


def best_of_programs(group):
    """The shortest time of each program; of pqpush that of the whole file pushed."""
    best = {}
    for result in group:
        name = result["contender"]
        program = next((program for program in COLORS if name.startswith(program)), None)
        if name == "pqpush demand" or program is None:
            continue
        best[program] = min(result["cpu_ms"], best.get(program, result["cpu_ms"]))
    return best


def chart(title, groups, output):
    """The chart of one kind of output; None where there is nothing to compare."""
    rows = [(case, best_of_programs(group), group[0]["floor_ms"])
            for (case, of), group in groups.items() if of == output and has_chart(group[0]["family"])]
    rows = [row for row in rows if "pqpush" in row[1] and len(row[1]) > 1]
    if not rows:
        return None
    body, y = [], TOP
    for case, best, floor in rows:
        height = BAR * len(best)
        body.append(text(LEFT - 8, y + height / 2 + 4, case, "end"))
        if floor:
            body.append(tick(floor / best["pqpush"], y, height))
        for index, (program, time) in enumerate(best.items()):
            body.append(bar(program, time, time / best["pqpush"], y + index * BAR))
        y += height + GAP
    programs = list(dict.fromkeys(program for _, best, _ in rows for program in best))
    return document(title, legend(programs, any(floor for _, _, floor in rows)) + axis(y) + body, y + 10)


def scaled(value):
    return LEFT + WIDTH * min(value, LONGEST) / LONGEST


def bar(program, time, relative, y):
    length = scaled(relative) - LEFT
    label = f"{time:.1f} ms" + (f" ({relative:.1f}×)" if program != "pqpush" else "")
    return (f'<rect x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="{BAR - 1}" fill="{COLORS[program]}"/>'
            + text(LEFT + length + 4, y + BAR - 2, label, size=8))


def tick(relative, y, height):
    x = scaled(relative)
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + height + 1}" stroke="#222222" stroke-width="1.5"/>'


def axis(bottom):
    lines = []
    for value in range(1, int(LONGEST) + 1):
        x = scaled(value)
        color = "#888888" if value == 1 else "#dddddd"
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="{color}"/>')
        lines.append(text(x, TOP - 10, f"{value}×", "middle", 9))
    return lines


def legend(programs, has_floor):
    lines, x = [], LEFT
    for program in programs:
        lines.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{COLORS[program]}"/>')
        lines.append(text(x + 14, 39, program))
        x += 84
    if has_floor:
        lines.append(f'<line x1="{x + 4}" x2="{x + 4}" y1="29" y2="41" stroke="#222222" stroke-width="1.5"/>')
        lines.append(text(x + 14, 39, "floor"))
    return lines


def text(x, y, words, anchor="start", size=10):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="{size}" text-anchor="{anchor}" '
            f'fill="#222222">{escape(words)}</text>')


def document(title, body, height):
    width = LEFT + WIDTH + 110
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>')
    subtitle = "processor time in units of what pqpush takes; longer bars are cut"
    return "\n".join([head, text(10, 18, f"{title} ({subtitle})", size=11), *body, "</svg>"]) + "\n"
