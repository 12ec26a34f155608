"""Debian's PostgreSQL and MariaDB, each below a directory of its own, reached by a unix socket only."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.server.running import WAIT_S, wait_until

PASSWORD: Final = "the database's own secret"
_MARIADBD: Final = "/usr/sbin/mariadbd"


@dataclass
class RunningDatabase:
    """One that can be stopped and started again."""

    engine: str
    """As `sasl_sql_engine`."""
    directory: Path
    user: str
    """Of the machine, as whom it runs."""
    words: Sequence[str]
    """That start it."""
    client: Sequence[str]
    """Words of a program that executes what it reads."""
    login: str
    database: str
    stopping: signal.Signals
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def host(self) -> str:
        """As `sasl_sql_hostnames`."""
        return str(self.directory if self.engine == "pgsql" else self.directory / "socket")

    @property
    def options(self) -> dict[str, str]:
        """Those of imapd.conf."""
        return {
            "sasl_sql_engine": self.engine,
            "sasl_sql_hostnames": self.host,
            "sasl_sql_database": self.database,
            "sasl_sql_user": self.login,
            "sasl_sql_passwd": PASSWORD,
        }

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.directory.parent / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                as_user(self.user, *self.words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        wait_until(lambda: self._execute("SELECT 1;").returncode == 0, f"{self.engine} answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(self.stopping)
            try:
                self.process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(WAIT_S)
            self.process = None

    def execute(self, statements: str) -> None:
        done = self._execute(statements)
        assert done.returncode == 0, done.stderr

    def _execute(self, statements: str) -> "subprocess.CompletedProcess[bytes]":
        words = as_user(self.user, *self.client)
        return subprocess.run(words, input=statements.encode(), capture_output=True, timeout=WAIT_S, check=False)


def as_user(user: str, *words: str) -> list[str]:
    """The words of a command, as a user of the machine; the servers refuse to run as root."""
    if os.geteuid() != 0:
        return list(words)
    group = pwd.getpwnam(user).pw_gid
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *words]


@contextlib.contextmanager
def _directory(user: str) -> Iterator[Path]:
    """For data and a socket, which any user may reach."""
    parent = Path(tempfile.mkdtemp(prefix="angarium-sql-", dir="/tmp"))
    parent.chmod(0o755)
    directory = parent / "d"
    directory.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(directory, user)
    try:
        yield directory
    finally:
        shutil.rmtree(parent)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, timeout=3 * WAIT_S, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def running_postgresql() -> Iterator[RunningDatabase]:
    """With a database `mail` and a user `mail` who has a password."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    with _directory("postgres") as directory:
        data = directory / "data"
        (directory.parent / "password").write_text(PASSWORD)
        (directory.parent / "password").chmod(0o644)
        _run(
            *as_user(
                "postgres", str(programs / "initdb"), "-D", str(data), "--no-sync", "--no-locale", "-E", "UTF8",
                "-U", "postgres", "-A", "trust",
            )
        )  # fmt: skip
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (data / "pg_hba.conf").write_text(rules)
        settings = {"listen_addresses": "", "unix_socket_directories": str(directory), "fsync": "off"}
        words = [str(programs / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        client = [str(programs / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-h", str(directory), "-U", "postgres"]
        database = RunningDatabase(
            "pgsql", directory, "postgres", words, [*client, "postgres"], "mail", "mail", signal.SIGINT
        )
        try:
            database.start()
            database.execute(f"""CREATE ROLE mail LOGIN PASSWORD '{PASSWORD.replace("'", "''")}';""")
            database.execute("CREATE DATABASE mail OWNER mail;")
            database.client = [*client, "mail"]
            yield database
        finally:
            database.stop()


@contextlib.contextmanager
def running_mariadb() -> Iterator[RunningDatabase]:
    """Likewise."""
    with _directory("mysql") as directory:
        data, socket = directory / "data", directory / "socket"
        _run(
            "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db",
            "--auth-root-authentication-method=normal",
        )  # fmt: skip
        words = [
            _MARIADBD, "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking",
            f"--pid-file={directory}/pid", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
        ]  # fmt: skip
        client = ["mariadb", "--no-defaults", f"--socket={socket}", "-u", "root"]
        database = RunningDatabase("mysql", directory, "mysql", words, client, "mail", "mail", signal.SIGTERM)
        try:
            database.start()
            database.execute("CREATE DATABASE mail CHARACTER SET utf8mb4;")
            database.execute(f"""CREATE USER mail IDENTIFIED BY '{PASSWORD.replace("'", "''")}';""")
            database.execute("GRANT SELECT ON mail.* TO mail;")
            database.client = [*client, "mail"]
            yield database
        finally:
            database.stop()
