"""Mail clients of Debian, run as programs."""

import contextlib
import os
import pty
import select
import subprocess
from pathlib import Path

from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User


def curl(server: RunningServer, user: User, path: str, *options: str) -> bytes:
    """What `curl imap://…/PATH` prints."""
    done = subprocess.run(
        [
            "curl",
            "--silent",
            "--show-error",
            "--user",
            f"{user.name}:{user.password}",
            f"imap://{LOOPBACK}:{server.port('imap')}/{path}",
            *options,
        ],
        capture_output=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


class Mbsync:
    """Synchronises all mailboxes of a user with maildirs, both ways, over TLS."""

    def __init__(self, server: RunningServer, user: User, home: Path, *, starttls: bool = False) -> None:
        self.maildirs = home / "near"
        self.maildirs.mkdir()
        self._configuration = home / "mbsyncrc"
        self._configuration.write_text(
            f"""\
IMAPStore far
Host localhost
Port {server.port("imap" if starttls else "imaps")}
User {user.name}
Pass {user.password}
SSLType {"STARTTLS" if starttls else "IMAPS"}
SystemCertificates no
CertificateFile {server.directory}/tls/cert.pem
AuthMechs LOGIN

MaildirStore near
Path {self.maildirs}/
Inbox {self.maildirs}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""
        )

    def run(self) -> None:
        done = subprocess.run(
            ["mbsync", "-c", str(self._configuration), "--all"],
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done
        # It ends well even where it had to pass something over.
        assert not done.stderr, done

    def messages(self, mailbox: str) -> list[Path]:
        """Files of a maildir."""
        return sorted(path for part in ("cur", "new") for path in (self.maildirs / mailbox / part).iterdir())

    def state(self) -> dict[str, int]:
        """Every message file by its name, flags included, with its inode: whatever moves shows here."""
        found = (path for path in self.maildirs.rglob("*") if path.parent.name in ("cur", "new"))
        return {str(path): path.stat().st_ino for path in found}


def mutt(server: RunningServer, user: User, home: Path, keys: str, *, starttls: bool = False) -> str:
    """Open the INBOX in mutt at a terminal and type these keys; gives what it showed.

    The keys end it; one that does not end in time is killed, and the test fails.
    """
    muttrc = home / "muttrc"
    muttrc.write_text(
        f"""\
set folder="imap://{LOOPBACK}:{server.port("imap")}/"
set spoolfile="+INBOX"
set imap_user="{user.name}" imap_pass="{user.password}"
set ssl_starttls={"yes" if starttls else "no"} ssl_force_tls={"yes" if starttls else "no"}
set from="{user.name}@example.org" record="" postponed=""
set resolve=no
set confirmappend=no confirmcreate=no delete=yes move=no quit=yes wait_key=no mark_old=no pager_stop=yes
set certificate_file="{f"{server.directory}/tls/cert.pem" if starttls else f"{home}/certificates"}"
push "{keys}"
"""
    )
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        ["mutt", "-n", "-F", str(muttrc)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "HOME": str(home), "TERM": "vt100", "LINES": "40", "COLUMNS": "120"},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        # Reading fails once the last process at the other end has gone.
        with contextlib.suppress(OSError):
            while chunk := _read_in_time(terminal):
                shown += chunk
        status = process.wait(timeout=WAIT_S)
        assert status == 0, shown
    finally:
        os.close(terminal)
        process.kill()
        process.wait()
    return shown.decode(errors="replace")


def _read_in_time(terminal: int) -> bytes:
    readable, _, _ = select.select([terminal], [], [], WAIT_S)
    return os.read(terminal, 65_536) if readable else b""
