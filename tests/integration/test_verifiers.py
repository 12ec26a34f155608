"""Passwords that others check: Debian's saslauthd, the machine's PAM and shadow, a sasldb of `saslpasswd2`, a file of
users; and what their absence looks like."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, run_angarium, running_server

from angarium.auth import PasswordLogin
from angarium.auth.saslauthd import SaslauthdVerifier
from angarium.names import UserId

SASLAUTHD: Final = "/usr/sbin/saslauthd"
SYSTEM_USER: Final = User(f"angarium-test-{os.getpid()}", "the system's")
FILED: Final = User("filed", "secret")
"""Of the file for `htpasswd`."""
SHADOWED: Final = User("shadowed", "secret")
KNOWN: Final = User("known", "the known secret")
"""Of the sasldb."""
SHA1: Final = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users of the machine")


@dataclass
class Saslauthd:
    """Debian's, below a directory of its own."""

    directory: Path
    mechanism: str
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def socket(self) -> Path:
        return self.directory / "mux"

    def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o755)
        words = [SASLAUTHD, "-a", self.mechanism, "-m", str(self.directory), "-n", "1", "-d"]
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline_s = time.monotonic() + WAIT_S
        while not self.socket.exists() and time.monotonic() < deadline_s:
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT_S)
            self.process = None


def run(*words: str, stdin: str = "") -> None:
    subprocess.run(words, input=stdin.encode(), check=True, timeout=WAIT_S, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def system_user() -> Iterator[None]:
    run("useradd", "--no-create-home", "--no-user-group", "--shell", "/usr/sbin/nologin", SYSTEM_USER.name)
    service = Path("/etc/pam.d") / f"{SYSTEM_USER.name}-imap"
    try:
        run("chpasswd", stdin=f"{SYSTEM_USER.name}:{SYSTEM_USER.password}\n")
        service.write_text("auth required pam_unix.so\naccount required pam_unix.so\n")
        yield
    finally:
        service.unlink(missing_ok=True)
        run("userdel", SYSTEM_USER.name)


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """A directory with what the verifiers look into, that the server's user can read."""
    directory = Path(tempfile.mkdtemp(prefix="angarium-verifiers-"))
    directory.chmod(0o755)
    run(
        "saslpasswd2",
        "-p",
        "-c",
        "-u",
        "mail.example.org",
        "-f",
        str(directory / "db"),
        KNOWN.name,
        stdin=KNOWN.password,
    )
    (directory / "htpasswd").write_text(f"{FILED.name}:{SHA1}\n")
    (directory / "shadow").write_text(
        f"{SHADOWED.name}:{SHA1}:19000:0:99999:7:::\nexpired:{SHA1}:19000:0:99999:7::19001:\n"
    )
    for each in directory.iterdir():
        each.chmod(0o644)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def saslauthd(files: Path) -> Iterator[Saslauthd]:
    assert shutil.which(SASLAUTHD), "tests/install-peers installs it"
    daemon = Saslauthd(files / "run", "shadow")
    with system_user():
        daemon.start()
        yield daemon
        daemon.stop()


@pytest.fixture(scope="module")
def saslauthd_of_pam(files: Path, saslauthd: Saslauthd) -> Iterator[Saslauthd]:
    """Beside the other one, since the machine's PAM takes its time for wrong passwords."""
    daemon = Saslauthd(files / "run-pam", "pam")
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def server(files: Path, saslauthd: Saslauthd, saslauthd_of_pam: Saslauthd) -> Iterator[RunningServer]:
    options = (
        "workers: 1\nservername: mail.example.org\nfailedloginpause: 0\n"
        "sasl_pwcheck_method: angarium saslauthd auxprop shadow htpasswd\n"
        "imaps_sasl_pwcheck_method: pam\n"
        f"pop3_sasl_pwcheck_method: saslauthd\npop3_sasl_saslauthd_path: {saslauthd_of_pam.socket}\n"
        f"pam_service_prefix: {SYSTEM_USER.name}-\nsasl_saslauthd_path: {saslauthd.socket}\n"
        f"sasl_sasldb_path: {files}/db\nshadow_file: {files}/shadow\nhtpasswd_file: {files}/htpasswd\n"
    )
    with running_server(options) as running:
        yield running


@pytest.mark.parametrize(
    ("user", "service", "method"),
    [
        (SYSTEM_USER, "imap", "saslauthd"),
        (SYSTEM_USER, "imaps", "pam"),
        (SYSTEM_USER, "pop3", "saslauthd"),
        (KNOWN, "imap", "auxprop:sasldb"),
        (SHADOWED, "imap", "shadow"),
        (FILED, "imap", "htpasswd"),
    ],
    ids=[
        "saslauthd",
        "pam",
        "saslauthd of pam",
        "sasldb",
        "shadow",
        "htpasswd",
    ],  # the names must be those of other processes too
)
def test_each_is_asked_and_named_in_the_log(server: RunningServer, user: User, service: str, method: str) -> None:
    after = len(server.output)
    assert "[AUTH" not in server.log_in(user, service)  # she may be without mail
    told = server.output.wait_for(" login ", f"checked_by={method}", after=after)
    assert f"user={user.name}" in told
    assert "outcome=ok" in told


@pytest.mark.parametrize("service", ["imap", "imaps"])
@pytest.mark.parametrize(
    "name", [SYSTEM_USER.name, KNOWN.name, FILED.name, "nobody-of-that-name", "root"], ids=range(5)
)
def test_wrong_passwords_and_unknown_users_look_the_same(server: RunningServer, name: str, service: str) -> None:
    assert "[AUTHENTICATIONFAILED]" in server.log_in(User(name, "wrong"), service)


def test_an_account_that_has_expired_is_refused(server: RunningServer) -> None:
    after = len(server.output)
    assert "[AUTHENTICATIONFAILED]" in server.log_in(User("expired", "secret"))
    server.output.wait_for("account_expired", "user=expired", after=after)


def test_secrets_of_a_sasldb_serve_scram(server: RunningServer) -> None:
    words = [
        "-m",
        "SCRAM-SHA-1",
        "-a",
        KNOWN.name,
        "-u",
        KNOWN.name,
        "-w",
        KNOWN.password,
        "-p",
        str(server.port("imap")),
    ]
    done = subprocess.run(
        ["/usr/lib/cyrus/bin/imtest", *words, LOOPBACK],
        input=b"a LOGOUT\r\n",
        capture_output=True,
        timeout=WAIT_S,
        check=False,
    )
    assert b"Authenticated." in done.stdout, done


def test_a_dead_saslauthd_is_a_temporary_failure_and_others_are_asked_all_the_same(
    server: RunningServer, saslauthd: Saslauthd
) -> None:
    saslauthd.stop()
    try:
        after = len(server.output)
        assert server.log_in(User(FILED.name, FILED.password)) == "OK"
        assert "[UNAVAILABLE]" in server.log_in(User("nobody", "wrong"))
        server.output.wait_for("verifier_unavailable", "method=saslauthd", after=after)
    finally:
        saslauthd.start()
    assert "[AUTHENTICATIONFAILED]" in server.log_in(User("nobody", "wrong"))


def test_no_password_is_in_the_log(server: RunningServer) -> None:
    assert SYSTEM_USER.password not in server.output.text
    assert KNOWN.password not in server.output.text


def test_testsaslauthd_says_what_the_daemon_says(saslauthd: Saslauthd) -> None:
    words = ("testsaslauthd", "-p", "-u", SYSTEM_USER.name, "-f", saslauthd.socket)
    right = run_angarium(*words, stdin=f"{SYSTEM_USER.password}\n")
    assert (right.status, right.output) == (0, '0: OK "Success."\n')
    wrong = run_angarium(*words, stdin="wrong\n")
    assert (wrong.status, wrong.output) == (os.EX_NOPERM, '0: NO "authentication failed"\n')


@pytest.mark.parametrize("password", ["x" * 256, "x" * 300, "größe", "a b"])
def test_odd_passwords_are_wrong_to_the_daemon_too(saslauthd: Saslauthd, password: str) -> None:
    login = PasswordLogin(UserId(SYSTEM_USER.name), SYSTEM_USER.name, password, "imap")
    assert asyncio.run(SaslauthdVerifier(saslauthd.socket).verify(login)) is None
