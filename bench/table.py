"""The table of docs/performance.md, between its markers."""

import os
import platform
from datetime import UTC, datetime

from django.db import connection

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
TOLD = {  # name: (what it is, most statements, most commits, most times the floor, which floor)
    "submit": ("submit an order", 20, 1, 6, "floor insert"),
    "confirm": ("confirm an order", 20, 1, 6, "floor insert"),
    "list, top": ("list of 50, at the top", 4, None, 1.3, "floor list"),
    "list, deep": ("list of 50, 90,000 deep", 4, None, 1.3, "floor list"),
    "order page": ("order page, shell and timeline", 8, None, None, "floor list"),
    "my work": ("My work", None, None, None, "floor list"),
    "weekly dashboard": ("weekly dashboard", None, None, None, "floor list"),
}
SHELL_AND_TAB = 8 + 6  # statements
WEEKLY_MS, SWEEP_MS, ESCALATE_SECONDS, MONTH_SECONDS = 100, 1, 1, 60


def written(text: str, results, requests: int) -> str:
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{machine(results, requests)}\n\n{drawn(results)}\n{END}{after}"


def machine(results, requests) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0].split()[0]
    sizes = " ".join(str(result.orders) for result in results)
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench ORDERS=\"{sizes}\"`,"
        f" {requests} requests each: "
        f"{os.cpu_count()} processors, load {os.getloadavg()[1]:.1f} in the last 5 minutes, "
        f"Python {platform.python_version()}, PostgreSQL {postgres}, fsync on."
    )


def drawn(results) -> str:
    lines = ["| orders | work | statements | commits | processor, ms | × floor | median, ms | goal | reached |",
             "|---:|---|---:|---:|---:|---:|---:|---|---|"]  # fmt: skip
    for result in results:
        lines += [_row(result, name) for name in ("floor insert", "floor list", *TOLD)]
        lines += [_row(result, name) for name in result.counts if name.startswith("order, ")]
        lines += _clock(result)
    return "\n".join(lines)


def _row(result, name) -> str:
    counts, cost = result.counts[name], result.costs[name]
    most = SHELL_AND_TAB if name.startswith("order, ") else None
    label, statements, commits, times, floor = TOLD.get(name, (name, most, None, None, "floor list"))
    ratio = cost.processor / result.costs[floor].processor if result.costs[floor].processor else float("nan")
    goals = {
        f"≤ {statements} statements": statements is None or counts.statements <= statements,
        f"{commits} commit": commits is None or counts.commits <= commits,
        f"≤ {times} × floor": times is None or ratio <= times,
        f"≤ {WEEKLY_MS} ms": name != "weekly dashboard" or cost.milliseconds <= WEEKLY_MS,
    }
    asked = {goal: is_met for goal, is_met in goals.items() if "None" not in goal}
    if name != "weekly dashboard":
        asked.pop(f"≤ {WEEKLY_MS} ms")
    return _line(
        f"{result.orders:,}", label, counts.statements, counts.commits, f"{cost.processor:.1f}", f"{ratio:.1f}",
        f"{cost.milliseconds:.1f}", ", ".join(asked) or "–", _verdict(asked),
    )  # fmt: skip


def _verdict(asked) -> str:
    missed = [goal for goal, is_met in asked.items() if not is_met]
    return "–" if not asked else f"no: {', '.join(missed)}" if missed else "yes"


def _clock(result) -> list[str]:
    orders, dash = f"{result.orders:,}", "–"
    is_shown = result.wall_ms <= WEEKLY_MS
    is_idle, is_told = result.idle_sweep_ms <= SWEEP_MS, result.escalate_seconds <= ESCALATE_SECONDS
    return [
        _line(orders, "sweep with nothing due", dash, dash, dash, dash, f"{result.idle_sweep_ms:.2f}",
              f"≤ {SWEEP_MS} ms", "yes" if is_idle else "no"),
        _line(orders, f"escalate {result.escalated:,} due", dash, dash, dash, dash,
              f"{result.escalate_seconds * 1000:,.0f}", f"≤ {ESCALATE_SECONDS} s", "yes" if is_told else "no"),
        _line(orders, "board of the weekly meeting, computed", dash, dash, dash, dash, f"{result.wall_ms:.1f}",
              f"≤ {WEEKLY_MS} ms", "yes" if is_shown else "no"),
        _line(orders, f"score a month, {result.month_cases:,} cases", dash, dash, dash, dash,
              f"{result.month_seconds * 1000:,.0f}", f"≤ {MONTH_SECONDS} s",
              "yes" if result.month_seconds <= MONTH_SECONDS else "no"),
    ]  # fmt: skip


def _line(*cells) -> str:
    return f"| {' | '.join(map(str, cells))} |"
