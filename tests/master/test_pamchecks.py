import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.master.pamservices import pam_services

from angarium.config import Machine, Settings, parse_settings
from angarium.errors import StoreBusy
from angarium.master import pamchecks
from angarium.master.pamchecks import PamChecks, asks_pam
from angarium.worker.control import CheckPam

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes services of PAM")


@pytest.fixture
def prefix(tmp_path: Path) -> Iterator[str]:
    with pam_services(tmp_path, "imap", "pop") as prefix:
        yield prefix


def question(user: str = "alice", password: str = "secret", service: str = "imap") -> CheckPam:
    return CheckPam(1, service, user, password, "192.0.2.1")


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_so()


def reap_all(checks: PamChecks) -> None:
    def is_done() -> bool:
        checks.kill_overdue()
        checks.reap()
        return not len(checks)

    wait_for(is_done)


@needs_root
def test_pam_is_asked_side_by_side_and_its_codes_come_back(prefix: str) -> None:
    checks = PamChecks()
    codes: dict[str, int | None] = {}
    for name, asked in {
        "right": question(),
        "wrong": question(password="wrong"),
        "expired": question("expired"),
        "pop": question(service="pop"),
    }.items():
        checks.start(asked, partial(codes.__setitem__, name), service_prefix=prefix)
    assert checks.next_deadline_s is not None
    reap_all(checks)
    assert codes == {"right": 0, "wrong": 7, "expired": 13, "pop": 0}
    assert checks.next_deadline_s is None


@needs_root
def test_no_more_are_asked_than_may_be(prefix: str) -> None:
    checks = PamChecks(running_max=1)
    codes: list[int | None] = []
    checks.start(question(), codes.append, service_prefix=prefix)
    with pytest.raises(StoreBusy):
        checks.start(question(), codes.append, service_prefix=prefix)
    reap_all(checks)
    checks.start(question(), codes.append, service_prefix=prefix)
    reap_all(checks)
    assert codes == [0, 0]


@needs_root
@pytest.mark.parametrize("by", ["time", "order"])
def test_what_takes_too_long_is_killed(prefix: str, tmp_path: Path, by: str) -> None:
    checks = PamChecks(timeout_s=0.3 if by == "time" else 60)
    codes: list[int | None] = []
    checks.start(question("slow"), codes.append, service_prefix=prefix)
    log = tmp_path / "script.log"
    wait_for(lambda: log.exists() and log.read_text().endswith("\n"))
    if by == "order":
        checks.kill_all()
    reap_all(checks)
    # The module has put its program into a session of its own.
    os.kill(int(log.read_text().split()[-1]), signal.SIGKILL)
    assert codes == [None]


@needs_root
def test_a_child_has_nothing_of_ours(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(
        '#!/bin/sh\ncat >/dev/null\nls -l /proc/$PPID/fd >"$0.fds"\n'
        'tr "\\0" "\\n" </proc/$PPID/cmdline >"$0.words"\nenv >"$0.env"\n'
    )
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    os.environ["ANGARIUM_TEST"] = "here"
    try:
        checks = PamChecks()
        codes: list[int | None] = []
        checks.start(question(), codes.append, service_prefix=prefix)
        reap_all(checks)
    finally:
        del os.environ["ANGARIUM_TEST"]
        os.close(reader)
        os.close(writer)
    assert codes == [0]
    targets = [line.split(" -> ")[1] for line in (tmp_path / "script.fds").read_text().splitlines() if " -> " in line]
    assert targets.count("/dev/null") == 3
    assert not [target for target in targets if target.startswith(("pipe:", "socket:")) and target != targets[-1]]
    assert "secret" not in (tmp_path / "script.words").read_text()
    environment = (tmp_path / "script.env").read_text()
    assert "ANGARIUM_TEST" not in environment
    assert "secret" not in environment


@needs_root
def test_a_service_without_a_file_is_what_pam_has_for_others(prefix: str) -> None:
    codes: list[int | None] = []
    checks = PamChecks()
    checks.start(question("nobody-of-that-name", service="sieve"), codes.append, service_prefix=prefix)
    reap_all(checks)
    assert codes[0] not in (0, None)


def test_a_question_shows_no_password() -> None:
    assert "hidden" not in repr(question(password="hidden"))


def settings(*lines: str) -> Settings:
    text = "\n".join(["configdirectory: /c", "partition-default: /s", *lines])
    return parse_settings(
        text, file=Path("/etc/imapd.conf"), services=["imap", "pop3"], machine=Machine("a", 1)
    ).settings


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ([], False),
        (["sasl_pwcheck_method: angarium saslauthd"], False),
        (["sasl_pwcheck_method: angarium pam"], True),
        (["pop3_sasl_pwcheck_method: pam"], True),
    ],
)
def test_pam_may_be_asked_where_a_service_has_it_as_a_method(lines: list[str], asked: bool) -> None:
    assert asks_pam(settings(*lines)) is asked


def test_a_child_that_fails_is_no_answer_of_pam(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str) -> int:
        raise RuntimeError

    monkeypatch.setattr(pamchecks, "ask_pam", fail)
    checks = PamChecks()
    codes: list[int | None] = []
    checks.start(question(), codes.append)
    reap_all(checks)
    assert codes == [254]


def test_no_other_code_becomes_that_of_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pamchecks, "ask_pam", lambda *_: 256)
    checks = PamChecks()
    codes: list[int | None] = []
    checks.start(question(), codes.append)
    reap_all(checks)
    assert codes == [254]
