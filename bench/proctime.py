"""What a server costs, as the kernel counts it: CPU time and private memory of a process and all that it started.

A process's own time is read from its CPU clock, which counts nanoseconds and the threads that ended. What dead children
took is in the `cutime` and `cstime` of the one that waited for them (proc(5)), in ticks of mostly 10 ms.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")

_CPUCLOCK_SCHED: Final = 2
"""The clock of clock_getcpuclockid(3) that counts what the scheduler gave, user and system together."""


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of `/proc/PID/stat` that are used here; times in ticks."""

    pid: int
    parent: int
    state: str
    utime: int
    stime: int
    cutime: int
    cstime: int


def parse_stat(text: str) -> ProcessStat:
    """The name of the process, in parentheses, may itself hold spaces and parentheses."""
    before, _, after = text.rpartition(")")
    fields = after.split()
    return ProcessStat(
        pid=int(before.partition("(")[0]),
        state=fields[0],
        parent=int(fields[1]),
        utime=int(fields[11]),
        stime=int(fields[12]),
        cutime=int(fields[13]),
        cstime=int(fields[14]),
    )


def parse_rss_anon(text: str) -> int:
    """Private memory from `/proc/PID/status`, in KB; 0 for one that has none any more (a zombie)."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "RssAnon":
            return int(value.split()[0])
    return 0


def process_tree(root: int) -> list[ProcessStat]:
    """The process and its living descendants; empty when it is gone."""
    stats = {stat.pid: stat for stat in _all_stats()}
    children: dict[int, list[int]] = {}
    for stat in stats.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found: list[ProcessStat] = []
    waiting = [root] if root in stats else []
    while waiting:
        pid = waiting.pop()
        found.append(stats[pid])
        waiting.extend(children.get(pid, ()))
    return found


def cpu_ms(root: int) -> float:
    """CPU milliseconds that the process and all it ever started have taken, each counted once."""
    return sum(_own_ms(stat) + _in_ms(stat.cutime + stat.cstime) for stat in process_tree(root))


def rss_anon_kb(root: int) -> int:
    """Private memory of the process and its living descendants."""
    total = 0
    for stat in process_tree(root):
        try:
            total += parse_rss_anon((_PROC / str(stat.pid) / "status").read_text())
        except OSError:
            continue
    return total


def _own_ms(stat: ProcessStat) -> float:
    try:
        return time.clock_gettime_ns(~stat.pid << 3 | _CPUCLOCK_SCHED) / 1e6
    except OSError:
        return _in_ms(stat.utime + stat.stime)  # a zombie: its parent has not counted it yet


def _in_ms(ticks: int) -> float:
    return ticks * 1000 / _TICKS_PER_SECOND


def _all_stats() -> Iterator[ProcessStat]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield parse_stat((entry / "stat").read_text())
            except OSError:
                continue
