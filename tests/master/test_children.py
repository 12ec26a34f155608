import os
import select
import selectors
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.errors import ConfigError, StoreBusy
from angarium.master.children import Children, Exit
from angarium.master.identity import Identity

SELF = Identity("self", os.geteuid(), os.getegid(), (), changes=False)


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


def run_all(children: Children, selector: selectors.BaseSelector) -> None:
    deadline = time.monotonic() + 10
    while len(children) and time.monotonic() < deadline:
        for key, _ in selector.select(0.01):
            key.data()
        children.kill_overdue()
        children.reap()


def run(selector: selectors.BaseSelector, script: str, **options: object) -> Exit:
    children = Children(selector, SELF)
    found: list[Exit] = []
    children.start("test", ("/bin/sh", "-c", script), when_finished=found.append, **options)  # type: ignore[arg-type]  # from tables
    run_all(children, selector)
    return found[0]


def test_output_and_status_are_collected(selector: selectors.BaseSelector) -> None:
    assert run(selector, "echo out; echo err >&2; exit 3") == Exit(3, b"out\nerr\n", timed_out=False)


def test_input_larger_than_a_pipe_arrives(selector: selectors.BaseSelector) -> None:
    assert run(selector, "wc -c", stdin=b"x" * 300_000).output.strip() == b"300000"


def test_a_command_that_reads_nothing_does_not_block(selector: selectors.BaseSelector) -> None:
    assert run(selector, "exec <&-; exit 0", stdin=b"x" * 300_000).status == 0


def test_what_runs_too_long_is_killed_with_all_that_it_started(selector: selectors.BaseSelector) -> None:
    outcome = run(selector, "sleep 60 & sleep 60", timeout_s=0.1)
    assert (outcome.status, outcome.timed_out) == (128 + 9, True)


def test_output_is_cut(selector: selectors.BaseSelector) -> None:
    assert len(run(selector, "head -c 200000 /dev/zero").output) == 64 * 1024


def test_a_command_sees_no_descriptor_of_ours(selector: selectors.BaseSelector) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        names = run(selector, "ls /proc/self/fd").output.split()
        # The listing itself needs one.
        assert set(names) <= {b"0", b"1", b"2", b"3"}
        names = run(selector, "ls /proc/self/fd; echo ok >&3", notify=writer).output.split()
        assert set(names) <= {b"0", b"1", b"2", b"3", b"4"}
        assert select.select([reader], [], [], 10)[0]
        assert os.read(reader, 10) == b"ok\n"
    finally:
        os.close(reader)
        os.close(writer)


def test_no_more_run_than_may(selector: selectors.BaseSelector) -> None:
    children = Children(selector, SELF, running_max=1)
    ends: list[Exit] = []
    children.start("one", ("/bin/cat",), when_finished=ends.append)
    with pytest.raises(StoreBusy):
        children.start("two", ("/bin/cat",), when_finished=ends.append)
    children.start("daemon", ("/bin/cat",), when_finished=ends.append, is_daemon=True)
    run_all(children, selector)
    assert [end.status for end in ends] == [0, 0]


def test_a_program_that_is_not_there_is_named(selector: selectors.BaseSelector) -> None:
    with pytest.raises(ConfigError, match="no-such-program"):
        Children(selector, SELF).start("test", ("no-such-program",), when_finished=lambda _: None)
    assert not selector.get_map()


def test_a_file_is_the_standard_input(selector: selectors.BaseSelector, tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"x" * 3_000_000)
    assert run(selector, "wc -c", stdin_path=str(path)).output.strip() == b"3000000"


def test_a_file_that_cannot_be_opened_ends_the_command(selector: selectors.BaseSelector, tmp_path: Path) -> None:
    outcome = run(selector, "echo started", stdin_path=str(tmp_path / "missing"))
    assert outcome.status == 127
    assert b"started" not in outcome.output
    assert b"No such file" in outcome.output


def test_a_command_gets_the_variables_that_were_asked_for(selector: selectors.BaseSelector) -> None:
    assert run(selector, 'echo "$WHO $HOME"', environment=(("WHO", "alice"),)).output == b"alice /\n"
