"""Settings of a server that tests speak to."""

from collections.abc import Mapping
from pathlib import Path

from angarium.config import Settings, parse_settings

_ALWAYS = {
    "configdirectory": "/var/imap",
    "partition-default": "/var/spool/imap",
    "servername": "mail.example.org",
}


def settings_of(text: str, base: Mapping[str, str] | None = None) -> Settings:
    """Those of these lines in imapd.conf, and of `base` where they say nothing."""
    given = {line.partition(":")[0] for line in text.splitlines()}
    lines = [f"{option}: {value}" for option, value in {**_ALWAYS, **(base or {})}.items() if option not in given]
    return parse_settings("\n".join([*lines, text]) + "\n", file=Path("imapd.conf")).settings
