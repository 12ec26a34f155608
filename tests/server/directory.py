"""Debian's slapd below a directory of its own, at a unix socket and a free port of this machine."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.server.running import LOOPBACK, WAIT_S, wait_until

SUFFIX: Final = "dc=example,dc=org"
ADMIN: Final = f"cn=admin,{SUFFIX}"
READER: Final = f"cn=reader,{SUFFIX}"
"""May read, where it is there; with SASL its name is `reader`."""
SECRET: Final = "the directory's own secret"
_SLAPD: Final = "/usr/sbin/slapd"


@dataclass
class RunningDirectory:
    """One that can be stopped and started again."""

    directory: Path
    port: int
    tls_port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def uri(self) -> str:
        """Over TCP, with STARTTLS. For libldap, `localhost` is the name of the machine."""
        return f"ldap://{LOOPBACK}:{self.port}"

    @property
    def tls_uri(self) -> str:
        return f"ldaps://{LOOPBACK}:{self.tls_port}"

    @property
    def socket_uri(self) -> str:
        return f"ldapi://{quote(str(self.directory / 'socket'), safe='')}"

    @property
    def certificate(self) -> Path:
        return self.directory / "cert.pem"

    def start(self) -> None:
        """Start, and wait until it answers."""
        words = [_SLAPD, "-f", str(self.directory / "slapd.conf"), "-d", "0"]
        words += ["-h", f"{self.uri} {self.tls_uri} {self.socket_uri}"]
        with (self.directory / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )
        wait_until(lambda: self._modify("-x", text="").returncode == 0, "slapd answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT_S)
            self.process = None

    def add(self, entries: str) -> None:
        """Entries in LDIF."""
        done = self._modify("-a", text=entries)
        assert done.returncode == 0, done.stderr

    def modify(self, changes: str) -> None:
        done = self._modify(text=changes)
        assert done.returncode == 0, done.stderr

    def _modify(self, *words: str, text: str) -> "subprocess.CompletedProcess[bytes]":
        command = ["ldapmodify", "-x", *words, "-H", self.socket_uri, "-D", ADMIN, "-w", SECRET]
        return subprocess.run(command, input=text.encode(), capture_output=True, timeout=WAIT_S, check=False)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _make_certificate(directory: Path) -> None:
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    words += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")]
    subprocess.run(words, check=True, capture_output=True, timeout=WAIT_S)
    ssl.create_default_context(cafile=str(directory / "cert.pem"))


@contextlib.contextmanager
def running_directory() -> Iterator[RunningDirectory]:
    """With the entry of `SUFFIX`. Nobody may read but `ADMIN`, as whom the system's users are known at the socket, and
    `READER`; everybody may bind."""
    parent = Path(tempfile.mkdtemp(prefix="angarium-ldap-", dir="/tmp"))
    parent.chmod(0o755)
    data = parent / "data"
    data.mkdir()
    _make_certificate(parent)
    (parent / "slapd.conf").write_text(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n"
        "include /etc/ldap/schema/inetorgperson.schema\n"
        "modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload memberof\n"
        f'authz-regexp "uidNumber=.*,cn=peercred,cn=external,cn=auth" "{ADMIN}"\n'
        f'authz-regexp "uid=([^,]*),.*cn=auth" "cn=$1,{SUFFIX}"\n'
        f"pidfile {parent}/pid\nTLSCertificateFile {parent}/cert.pem\nTLSCertificateKeyFile {parent}/key.pem\n"
        f'database mdb\nsuffix "{SUFFIX}"\nrootdn "{ADMIN}"\nrootpw "{SECRET}"\ndirectory {data}\n'
        "dbnosync\nmaxsize 10485760\noverlay memberof\n"
        "access to attrs=userPassword by anonymous auth by * none\n"
        f'access to * by dn.exact="{READER}" read by anonymous auth by * none\n'
    )
    directory = RunningDirectory(parent, _free_port(), _free_port())
    try:
        directory.start()
        directory.add(f"dn: {SUFFIX}\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n")
        yield directory
    finally:
        directory.stop()
        shutil.rmtree(parent)
        assert not os.path.exists(parent)
