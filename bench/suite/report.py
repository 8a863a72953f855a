# SPDX-License-Identifier: Apache-2.0
"""Verdicts, the table, the file of results, and the page in docs/."""
import json
import re
import statistics

from suite import machine, works

RESULTS = machine.ROOT / "bench/results"
PAGE = machine.ROOT / "docs/BENCHMARKS.md"
BEGIN, END = "<!-- figures: made by bench/run --docs -->", "<!-- end of figures -->"


def value_of(figure):
    """The number that is judged, or None when the measurement failed."""
    if "failure" in figure:
        return None
    if "value" in figure:
        return figure["value"]
    return figure["ours"]["per_second"] * figure.get("per_request", 1)


def reference(figure, protocol):
    run = figure.get(f"postgres_{protocol}")
    return run["per_second"] * figure.get("per_request", 1) if run else None


def slowness(figures):
    """PostgreSQL's simple protocol here as a share of what it reached where the aims were set; None: unknown."""
    shares = [reference(figure, "simple") / figure["listed"] for figure in figures
              if figure.get("listed") and reference(figure, "simple")]
    return statistics.median(shares) if shares else None


def reaches(figure, bound):
    return value_of(figure) <= bound if figure.get("is_less_better") else value_of(figure) >= bound


def judge(figure, figures, slow):
    """aim, enough, enough by ratio, BELOW, FAILED, or nothing where nothing is demanded."""
    if "failure" in figure:
        return "FAILED"
    if figure.get("same_as"):
        same = next((other for other in figures if other["name"] == figure["same_as"]
                     and other["mode"] == figure["mode"]), None)
        if same is None or value_of(same) is None:
            return ""
        return "enough" if value_of(figure) >= 0.85 * value_of(same) else "BELOW"
    if figure.get("aim") is not None and reaches(figure, figure["aim"]):
        return "aim"
    if figure.get("least") is None:
        return ""
    if reaches(figure, figure["least"]):
        return "enough"
    simple = reference(figure, "simple")
    if slow is not None and slow < 0.9 and simple and value_of(figure) >= works.RATIO_LEAST[figure["kind"]] * simple:
        return "enough by ratio"
    return "BELOW"


def number(value, unit=""):
    """12,345 or 1.23, as short as it can be read."""
    if value is None:
        return ""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"
    return text + unit.strip().replace("/s", "").replace("rows", "")


def milliseconds(us):
    return f"{us / 1000:.2f}" if us is not None else ""


HEAD = ("work", "mode", "result", "one client", "p50 ms", "p99 ms", "CPU us", "VmRSS MB", "PG simple", "PG prepared",
        "ratio", "aim", "at least", "verdict", "beside")


def cells(figure, figures, slow):
    """One line of the table as texts."""
    unit = figure.get("unit", "")
    if "failure" in figure:
        return (figure["title"], figure["mode"], "-", *[""] * (len(HEAD) - 5), "FAILED", "")
    run = figure.get("ours", {})
    one = figure.get("one_client", {})
    simple = reference(figure, "simple")
    demanded = {"aim": number(figure.get("aim")), "least": number(figure.get("least"))}
    if figure.get("same_as"):
        demanded["least"] = "85 %"
    return (figure["title"], figure["mode"], number(value_of(figure)) + unit,
            number(one["per_second"] * figure.get("per_request", 1)) if one else "",
            milliseconds(run.get("p50_us")), milliseconds(run.get("p99_us")), number(run.get("cpu_us")),
            number(figure.get("memory", {}).get("rss_mb")), number(simple), number(reference(figure, "prepared")),
            f"{value_of(figure) / simple:.2f}" if simple else "", demanded["aim"], demanded["least"],
            judge(figure, figures, slow), figure.get("compared", ""))


def lines(figures):
    slow = slowness(figures)
    return [cells(figure, figures, slow) for figure in figures]


def plain(figures):
    """The table for a terminal."""
    rows = [HEAD, *lines(figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]

    def line(row):
        return "  ".join(cell.ljust(width) if i < 2 or i >= len(HEAD) - 2 else cell.rjust(width)
                         for i, (cell, width) in enumerate(zip(row, widths))).rstrip()

    return "\n".join([line(HEAD), "  ".join("-" * width for width in widths), *map(line, rows[1:])])


def markdown(figures):
    """The table for the page."""
    rows = ["| " + " | ".join(HEAD) + " |", "|---|---|" + "---:|" * (len(HEAD) - 4) + "---|---|"]
    return "\n".join([*rows, *("| " + " | ".join(row) + " |" for row in lines(figures))])


def one_line(figure):
    """What is said as soon as a figure is there."""
    if "failure" in figure:
        return f"{figure['title']} [{figure['mode']}]: FAILED: {figure['failure']}"
    text = f"{figure['title']}{' [' + figure['mode'] + ']' if figure['mode'] else ''}: " \
           f"{number(value_of(figure))}{figure.get('unit', '')}"
    if reference(figure, "simple"):
        text += f" (PostgreSQL {number(reference(figure, 'simple'))} / {number(reference(figure, 'prepared'))})"
    elif figure.get("compared"):
        text += f" ({figure['compared']})"
    return text


def notes(result):
    """What the table does not say by itself."""
    about = result["machine"]
    slow = slowness(result["figures"])
    said = [f"{about['processor']}, {about['processors']} processors, {about['memory_mb']:,} MB, Linux {about['kernel']}, "
            f"{about['file_system']}; server on core {about['server_core']}, clients on core {about['client_core']}, "
            f"nice {about['nice']}; load average before: {about['load_before']:.2f}",
            f"commit {about['commit']}, {about['date']}, seed {result['seed']}, {result['repeats']} runs of "
            f"{result['seconds']:g} s each, the median counts; PostgreSQL {result.get('postgres') or 'not measured'}, "
            f"DuckDB {result['duckdb']}"]
    if slow is not None:
        said.append(f"PostgreSQL reached {slow * 100:.0f} % of the figures listed in the aims: " + (
            "the run is slow all over, so the ratio decides." if slow < 0.9 else "absolute figures decide."))
    return said


def save(result, build):
    """bench/results/<date>-<commit>.json; of an incomplete run, bench/last.json in the build folder."""
    if result["is_complete"]:
        RESULTS.mkdir(exist_ok=True)
        stamp = re.sub(r"[^0-9]", "", result["machine"]["date"][:10])
        path = RESULTS / f"{stamp}-{result['machine']['commit'].replace('+', '-')}.json"
    else:
        path = build / "bench/last.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def write_page(path):
    """Puts the figures of a result file into docs/BENCHMARKS.md."""
    result = json.loads(path.read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    listed = "\n".join(f"- {note}" for note in notes(result))
    PAGE.write_text(f"{before}{BEGIN}\n\n{listed}\n\n{markdown(result['figures'])}\n\n{END}{after}", encoding="utf-8")
