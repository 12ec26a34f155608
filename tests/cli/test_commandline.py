import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium import __version__
from angarium.cli.commandline import COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(angarium: CommandLine, command: str) -> None:
    answer = angarium(command, "--help")
    assert answer.status == os.EX_OK
    assert answer.out.startswith(f"usage: angarium {command}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "add"), "Add a user with an INBOX."),
        (("serve",), "the cyrus.conf; without it, the one beside imapd.conf"),
        (("serve",), "(imap, imaps, pop3, pop3s, lmtp, sieve; 0: a free one)"),
    ],
)
def test_what_the_help_says(angarium: CommandLine, words: tuple[str, ...], said: str) -> None:
    assert said in " ".join(angarium(*words, "--help").out.split())


def test_the_help_names_all_commands(angarium: CommandLine) -> None:
    answer = angarium("--help")
    assert answer.status == os.EX_OK
    for name, command in COMMANDS.items():
        assert name in answer.out
        assert command.summary.split(" (")[0] in answer.out.replace("\n" + " " * 22, " ")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("user",),
        ("user", "add"),
        ("user", "nonsense"),
        ("path",),
        ("user", "list", "--dir", "/a", "-C", "/b"),
        ("expire", "-X", "soon"),
        ("serve", "--port", "imap"),
        ("serve", "--port", "imap=65536"),
    ],
)
def test_wrong_usage_is_told_in_a_line(angarium: CommandLine, words: tuple[str, ...]) -> None:
    answer = angarium(*words)
    assert answer.status == os.EX_USAGE
    assert answer.out == ""
    assert answer.err.splitlines()[-1].startswith("angarium: ")


@pytest.mark.parametrize("words", [("imtest", "-Z", "localhost"), ("cyr_deny", "-l", "-Z"), ("user", "list", "-Z")])
def test_what_a_command_does_not_know_is_told_with_its_own_usage(angarium: CommandLine, words: tuple[str, ...]) -> None:
    answer = angarium(*words)
    assert answer.status == os.EX_USAGE
    assert answer.err.startswith(f"usage: angarium {words[0]} ")
    assert answer.err.endswith("\nangarium: unrecognized arguments: -Z\n")


def test_a_fault_is_a_line_and_no_traceback(angarium: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "imapd.conf").write_text("configdirectory: relative\nallowplaintext: maybe\n")
    answer = angarium("user", "list", "-C", tmp_path / "imapd.conf")
    assert answer.status == os.EX_CONFIG
    assert len(answer.err.splitlines()) > 1
    for line in answer.err.splitlines():
        assert line.startswith(f"angarium: {tmp_path}/imapd.conf")


def test_a_bug_is_a_line_and_no_traceback(angarium: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_arguments: object) -> int:
        raise ZeroDivisionError("by our fault")

    monkeypatch.setattr("angarium.cli.version.run", fail)
    answer = angarium("version")
    assert answer.status == os.EX_SOFTWARE
    assert answer.err == "angarium: internal error: ZeroDivisionError: by our fault\n"


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "/x"), os.EX_IOERR, "/x: No such file or directory"),
        (OSError("odd"), os.EX_IOERR, "odd"),
        (KeyboardInterrupt(), 130, None),
    ],
)
def test_files_and_interruptions(
    angarium: CommandLine, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, line: str | None
) -> None:
    def fail(_arguments: object) -> int:
        raise error

    monkeypatch.setattr("angarium.cli.version.run", fail)
    answer = angarium("version")
    assert (answer.status, answer.err) == (status, "" if line is None else f"angarium: {line}\n")


def test_the_program_runs_as_a_module() -> None:
    answer = subprocess.run([sys.executable, "-m", "angarium", "version"], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith(f"Angarium {__version__} ")


def test_a_reader_that_went_away_is_no_fault() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run([sys.executable, "-m", "angarium", "version"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (os.EX_OK, b"")


def test_looking_after_users_imports_no_front_end() -> None:
    program = "import sys, angarium.cli.user; print(*[m for m in sys.modules if m.startswith('angarium.')])"
    imported = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "angarium.auth" in imported
    assert not [name for name in imported if name.split(".")[1] in ("imap", "lmtp", "master")]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed: str) -> None:
    command = ["sh", "-c", f'"$0" -m angarium version {closed}', sys.executable]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (os.EX_OK, "")
