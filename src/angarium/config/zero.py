"""The configuration that `angarium serve --dir DIR` writes where there is none: everything below one directory."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from angarium.errors import ConfigError

from .listen import MAX_SOCKET_PATH

LOOPBACK: Final = "127.0.0.1"

_UNWRITABLE: Final = re.compile('["{}\x00-\x1f\x7f\ud800-\udfff]')


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroPorts:
    """Ports on loopback; 0 means a free one."""

    imap: int = 0
    imaps: int = 0
    pop3: int = 0
    pop3s: int = 0
    lmtp: int = 0
    sieve: int = 0


@dataclass(frozen=True, slots=True)
class ZeroConfiguration:
    """The two texts, and the paths that they name."""

    imapd_conf: str
    cyrus_conf: str
    certificate: Path
    key: Path


def zero_configuration(directory: Path, *, ports: ZeroPorts, admin: str = "admin") -> ZeroConfiguration:
    """Texts of `DIR/imapd.conf` and `DIR/cyrus.conf`; the directory is absolute. Nothing is written here.

    Passwords may cross in plain text, which is safe only because every address is loopback: an administrator who opens
    one to a network takes `allowplaintext` away first, and the comment there says so. Raises ConfigError for a
    directory whose name cannot stand in the files, or is too long for a socket.
    """
    _check(directory)
    certificate, key = directory / "tls" / "cert.pem", directory / "tls" / "key.pem"
    imapd_conf = f"""\
# Written at the first start; yours to change. The manual lists every option.

configdirectory: {directory}/state
defaultpartition: default
partition-default: {directory}/spool
lmtpsocket: {directory}/socket/lmtp

admins: {admin}
tls_server_cert: {certificate}
tls_server_key: {key}

# Only because cyrus.conf listens on {LOOPBACK}: take this line away before you listen on a network.
allowplaintext: yes
"""
    cyrus_conf = f"""\
# Written at the first start; yours to change.

START {{
  recover cmd="ctl_cyrusdb -r"
}}

SERVICES {{
  imap cmd="imapd" listen="{LOOPBACK}:{ports.imap}"
  imaps cmd="imapd -s" listen="{LOOPBACK}:{ports.imaps}"
  pop3 cmd="pop3d" listen="{LOOPBACK}:{ports.pop3}"
  pop3s cmd="pop3d -s" listen="{LOOPBACK}:{ports.pop3s}"
  lmtp cmd="lmtpd -a" listen="{LOOPBACK}:{ports.lmtp}"
  lmtpunix cmd="lmtpd" listen="{directory}/socket/lmtp"
  sieve cmd="timsieved" listen="{LOOPBACK}:{ports.sieve}"
}}

EVENTS {{
  checkpoint cmd="ctl_cyrusdb -c" period=30
  deleteprune cmd="cyr_expire -D 28" at=0430
  expungeprune cmd="cyr_expire -X 28" at=0445
}}
"""
    return ZeroConfiguration(imapd_conf, cyrus_conf, certificate, key)


def _check(directory: Path) -> None:
    name = str(directory)
    if not directory.is_absolute() or name != name.strip() or _UNWRITABLE.search(name):
        raise ConfigError(
            f"{name!r} cannot be written into a configuration; allowed: an absolute path without quotes, braces, "
            "control characters, and spaces at its end"
        )
    longest = MAX_SOCKET_PATH - len("/socket/lmtp")
    if len(os.fsencode(name)) > longest:
        raise ConfigError(f"{name} is too long for a socket below it; allowed: {longest} octets")
