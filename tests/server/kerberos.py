"""A realm of Kerberos below a directory of its own, with a key distribution centre that only this machine can ask."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.server.running import LOOPBACK, WAIT_S, wait_until

REALM: Final = "EXAMPLE.ORG"
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"

_KRB5_CONF: Final = """[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  {realm} = {{
    kdc = {host}:{port}
  }}
[domain_realm]
  localhost = {realm}
"""
_KDC_CONF: Final = """[kdcdefaults]
  kdc_listen = {host}:{port}
  kdc_tcp_listen = {host}:{port}
[realms]
  {realm} = {{
    database_name = {directory}/principal
    key_stash_file = {directory}/stash
    acl_file = {directory}/acl
  }}
[logging]
  kdc = FILE:{directory}/kdc.log
"""


class Realm:
    """The realm, while its centre runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.keytab = directory / "server.keytab"

    @property
    def environment(self) -> Mapping[str, str]:
        """What names the realm to whoever uses it."""
        return {
            "KRB5_CONFIG": str(self._directory / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self._directory / "kdc.conf"),
            "KRB5RCACHENAME": "none:",
            "KRB5CCNAME": f"FILE:{self._directory / 'none'}",
        }

    def tickets(self, user: str) -> Mapping[str, str]:
        """The environment of a user who has got tickets by her password."""
        environment = {**self.environment, "KRB5CCNAME": f"FILE:{self._directory / user}.tickets"}
        self._run("kinit", user, stdin=f"password of {user}\n", environment=environment)
        return environment

    def add_user(self, user: str) -> None:
        self._administer(f'addprinc -pw "password of {user}" {user}')

    def add_service(self, principal: str, keytab: Path | None = None) -> None:
        """A principal like `imap/localhost`, whose keys go into the server's key table."""
        self._administer(f"addprinc -randkey {principal}")
        keytab = keytab or self.keytab
        self._administer(f"ktadd -k {keytab} {principal}")
        keytab.chmod(0o644)

    def _administer(self, query: str) -> None:
        self._run("kadmin.local", "-q", query)

    def _run(self, *words: str, stdin: str = "", environment: Mapping[str, str] | None = None) -> None:
        done = subprocess.run(
            words,
            env={"PATH": _PATH, **(environment or self.environment)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done

    def create(self, port: int) -> None:
        """Write the configuration and the database."""
        names = {"realm": REALM, "host": LOOPBACK, "port": port, "directory": self._directory}
        (self._directory / "krb5.conf").write_text(_KRB5_CONF.format(**names))
        (self._directory / "kdc.conf").write_text(_KDC_CONF.format(**names))
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "the master password")

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the centre; it listens on return."""
        centre = subprocess.Popen(
            ["krb5kdc", "-n"],
            env={"PATH": _PATH, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        log = self._directory / "kdc.log"
        wait_until(lambda: log.exists() and "commencing operation" in log.read_text(), "the centre listens")
        return centre


@contextlib.contextmanager
def running_realm() -> Iterator[Realm]:
    """A realm with a centre; any user of the machine may read its files, as workers of a server must."""
    directory = Path(tempfile.mkdtemp(prefix="angarium-realm-", dir="/tmp"))
    directory.chmod(0o755)
    realm = Realm(directory)
    try:
        realm.create(_free_port())
        centre = realm.serve()
        try:
            yield realm
        finally:
            centre.terminate()
            centre.wait(timeout=WAIT_S)
    finally:
        shutil.rmtree(directory)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        port: int = found.getsockname()[1]
    return port
