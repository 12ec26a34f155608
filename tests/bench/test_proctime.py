"""Reading what the kernel counts for a server and its children."""

import os
import subprocess
import sys
import time

import pytest
from bench.proctime import ProcessStat, cpu_ms, parse_rss_anon, parse_stat, process_tree, rss_anon_kb

_TAIL = " S 17 42 42 0 -1 4194560 1 2 3 4 250 50 7 9 20 0 1 0 1 2 3"

BURN = """
import os, time
def burn():
    end = time.process_time() + 0.2
    while time.process_time() < end: pass
if os.fork() == 0:
    burn(); os._exit(0)
os.wait(); burn(); print("done", flush=True); input()
"""


@pytest.mark.parametrize("name", ["angarium", "imap worker", "a) S 99 (b"])
def test_the_name_of_a_process_may_hold_anything(name: str) -> None:
    assert parse_stat(f"42 ({name}){_TAIL}") == ProcessStat(
        pid=42, parent=17, state="S", utime=250, stime=50, cutime=7, cstime=9
    )


@pytest.mark.parametrize(
    ("text", "kilobytes"),
    [("VmRSS:\t  900 kB\nRssAnon:\t     312 kB\nRssFile:\t 5 kB\n", 312), ("State:\tZ (zombie)\n", 0)],
)
def test_private_memory_is_what_no_file_backs(text: str, kilobytes: int) -> None:
    assert parse_rss_anon(text) == kilobytes


def test_the_time_of_a_dead_child_counts_once() -> None:
    with subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        taken = cpu_ms(process.pid)
        assert rss_anon_kb(process.pid) > 0
        process.stdin.write(b"\n")
    assert 350 < taken < 1500


def test_the_own_time_of_this_process_is_what_it_knows_itself() -> None:
    before = time.process_time() * 1000
    assert cpu_ms(os.getpid()) >= before * 0.99


def test_a_process_that_is_gone_has_no_tree() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert process_tree(process.pid) == []
