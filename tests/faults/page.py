"""The figures of docs/reliability.md, between its markers."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.naive import WAYS
from tests.faults.works import percentile

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"
P99_SECONDS, IDLE_MS = 15, 1


def written(text: str, drawn: str) -> str:
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{drawn}\n{END}{rest.split(END)[1]}"


def drawn(command, versions, outcomes, quiet, compared, proved, idle=None) -> str:
    parts = [machine(command, versions), table_of_kills(outcomes), table_of_lateness(quiet, idle),
             table_of_others(outcomes, compared), table_of_faults(outcomes), table_of_tests(proved)]  # fmt: skip
    return "\n\n".join(parts)


def machine(command, versions) -> str:
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `{command}`: {os.cpu_count()} processors, load"
        f" {os.getloadavg()[1]:.1f} in the last 5 minutes, Python {platform.python_version()}, {versions}, fsync on."
    )


HEAD_OF_KILLS = ("database", "items", "kill -9", "escalations lost", "doubled", "letters", "lost", "doubled",
                 "letter p50, s", "p99, s")  # fmt: skip


def table_of_kills(outcomes) -> str:
    """Lateness here is that of the letters, among kills: what a killed worker had leased waits for its lease."""
    rows = []
    for name, found in outcomes.items():
        for outcome in found:
            if outcome.fault == "F1":
                t = outcome.tally
                rows.append((name, f"{t.items:,}", t.kills, t.escalations_lost, t.escalations_doubled, f"{t.letters:,}",
                             t.letters_lost, t.letters_doubled, *late(t.delivery)))  # fmt: skip
    return "**F1, killed at random**\n\n" + table(HEAD_OF_KILLS, rows)


def late(values) -> tuple:
    return f"{percentile(values, 0.5):.1f}", f"{percentile(values, 0.99):.1f}"


def table_of_lateness(quiet, idle) -> str:
    head = ("database", "items", "fired p50, s", "p99, s", "letter p50, s", "p99, s", "bar", "reached")
    rows = [(name, found.tally.items, *late(found.tally.lateness), *late(found.tally.delivery),
             f"fired p99 ≤ {P99_SECONDS} s", "no" if found.missed else "yes")
            for name, found in quiet.items()]  # fmt: skip
    text = "**Lateness, one clock, nobody killed**\n\n" + table(head, rows)
    if idle is None:
        return text
    living, milliseconds = idle
    return f"{text}\n\nAn idle look with {living:,} living items costs the database {milliseconds:.3f} ms (bar: 1 ms)."


def table_of_others(outcomes, compared) -> str:
    head = ("way", "items", "kill -9", "escalations lost", "doubled", "letters lost", "doubled")
    rows = [(f"**the desk's clock, {name}**", f"{t.items:,}", t.kills, t.escalations_lost, t.escalations_doubled,
             t.letters_lost, t.letters_doubled)
            for name, found in outcomes.items() for outcome in found if outcome.fault == "F1"
            for t in [outcome.tally]]  # fmt: skip
    rows += [(WAYS[way], f"{items:,}", kills, *(f"{value:,}" for value in counts.values()))
             for way, (items, kills, counts) in compared.items()]  # fmt: skip
    return "**The same work done in other ways, killed in the same way**\n\n" + table(head, rows)


def table_of_faults(outcomes) -> str:
    head = ("fault", "what", "database", "items", "lost", "doubled", "letters lost", "doubled", "at most", "result")
    rows = [(o.fault, o.what, name, o.tally.items, o.tally.escalations_lost, o.tally.escalations_doubled,
             o.tally.letters_lost, o.tally.letters_doubled, o.doubled_at_most, result(o))
            for name, found in outcomes.items() for o in found]  # fmt: skip
    return "**Every fault**\n\n" + table(head, rows)


def table_of_tests(proved) -> str:
    rows = [(name, ", ".join(f"`{test}`" for test in tests), "yes" if is_proved else "no")
            for name, (tests, is_proved) in proved.items()]  # fmt: skip
    return "**Proved by tests, which the run repeats**\n\n" + table(("fault", "tests", "passed"), rows)


def result(outcome) -> str:
    verdict = f"no: {', '.join(outcome.missed)}" if outcome.missed else "yes"
    return f"{verdict} ({outcome.note})" if outcome.note else verdict


def table(head, rows) -> str:
    lines = [head, ["---" if n == 0 else "---:" for n, _name in enumerate(head)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
