"""Scripts managed with the clients that people have: sieveshell, sivtest and sieve-connect."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest
from tests.integration.letters import note
from tests.server.programs import run
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User
from tests.server.terminal import Terminal

_SIVTEST = "/usr/lib/cyrus/bin/sivtest"
_NUMBERS = itertools.count(1)
_SCRIPT = 'require "fileinto";\nif header :contains "subject" "spam" { fileinto "Spam"; }\n'


@pytest.fixture
def user(shared_server: RunningServer) -> User:
    """A user of this test alone."""
    return shared_server.add_user(f"scripts-{next(_NUMBERS)}")


def test_sivtest_begins_tls(shared_server: RunningServer, user: User) -> None:
    words = ["-u", user.name, "-a", user.name, "-w", user.password, "-p", str(shared_server.port("sieve"))]
    said = run(_SIVTEST, "-t", "", "-m", "PLAIN", *words, LOOPBACK, stdin="LISTSCRIPTS\n")
    assert 'S: "IMPLEMENTATION" "Angarium' in said
    plain, begun, encrypted = said.partition('S: OK "Begin TLS negotiation now"\n')
    assert begun
    assert 'S: "STARTTLS"' in plain
    assert 'S: "STARTTLS"' not in encrypted
    assert "\nAuthenticated.\nSecurity strength factor: 256\n" in encrypted
    assert 'OK "Logout Complete"\n' in said


def test_sieveshell(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(_SCRIPT)
    (tmp_path / "bad").write_text("foo bar;\n")
    address = f"{LOOPBACK}:{shared_server.port('sieve')}"
    # Its prompt is on the controlling terminal.
    words = ["setsid", "--ctty", "--wait", "sieveshell", "-u", user.name, "-a", user.name, address]
    with Terminal(words, home=tmp_path) as shell:
        shell.expect("Please enter your password:")
        shell.type(f"{user.password}\n")
        for line, shown in (
            (f"put {tmp_path}/good ok2", ""),
            (f"put {tmp_path}/bad bad", 'upload failed: put script: line 1, column 1: there is no command "foo"'),
            ("activate ok2", ""),
            ("list", "ok2  <- active script"),
            ("get ok2", 'fileinto "Spam"'),
            ("delete nosuch", "delete failed: Deleting script: Script does not exist"),
            ("activate nosuch", "activate failed: Setting script active: Script does not exist"),
            ("delete ok2", "delete failed: Deleting script: Active script cannot be deleted"),
        ):
            shell.expect("> ")
            shell.type(f"{line}\n")
            shell.expect(line)
            if shown:
                shell.expect(shown)
        shell.expect("> ")
        shell.type("quit\n")
        shell.wait_ended()
    # What was uploaded filters mail.
    with shared_server.imap(user) as client:
        client.create("Spam")
        shared_server.deliver(note("spam"), recipient=user.name)
        assert client.select("Spam") == ("OK", [b"1"])


def test_sieve_connect(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(_SCRIPT)
    (tmp_path / "bad").write_text("keep;\nfoo bar;\n")

    def connect(*words: str) -> subprocess.CompletedProcess[str]:
        readable, writable = os.pipe()
        os.write(writable, f"{user.password}\n".encode())
        os.close(writable)
        server = ["-s", LOOPBACK, "-p", str(shared_server.port("sieve")), "-u", user.name]
        certificate = str(shared_server.directory / "tls" / "cert.pem")
        try:
            return subprocess.run(
                [
                    "sieve-connect",
                    *server,
                    "--tlscafile",
                    certificate,
                    "--notlsverify",
                    "--passwordfd",
                    str(readable),
                    *words,
                ],
                pass_fds=(readable,),
                capture_output=True,
                text=True,
                timeout=WAIT_S,
                check=False,
                cwd=tmp_path,
            )
        finally:
            os.close(readable)

    assert connect("--upload", "--localsieve", "good", "--remotesieve", "x").returncode == 0
    bad = connect("--upload", "--localsieve", "bad", "--remotesieve", "y")
    assert (bad.returncode, 'line 2, column 1: there is no command "foo"' in bad.stdout + bad.stderr) == (1, True)
    assert connect("--activate", "--remotesieve", "x").returncode == 0
    assert connect("--list").stdout == '"x" ACTIVE\n'
    assert connect("--download", "--remotesieve", "x", "--localsieve", "-").stdout.strip() == _SCRIPT.strip()
    assert connect("--deactivate").returncode == 0
    assert connect("--delete", "--remotesieve", "x").returncode == 0
    assert connect("--list").stdout == ""


def test_imap_tells_where_scripts_are_managed(shared_server: RunningServer, user: User) -> None:
    with shared_server.imap(user) as client:
        capabilities = client.capability()[1][-1]
    (word,) = [word for word in capabilities.decode().split() if word.startswith("IMAPSIEVE=")]
    assert word.startswith("IMAPSIEVE=sieve://")
    assert word.endswith(f":{shared_server.port('sieve')}")
