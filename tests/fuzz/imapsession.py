"""A session of IMAP over a store in memory, which is told anything."""

import tempfile
from pathlib import Path
from typing import Final

from tests.fuzz.imaptexts import COMMANDS, FRAGMENTS
from tests.imap.fuzzedsessions import FuzzedSessions

_RUNS: Final = 100
"""With one store; what is in it must not decide whether a finding is found again."""
_ENABLED: Final = (b"", b"QRESYNC", b"UIDONLY", b"IMAP4rev2", b"CONDSTORE IMAP4rev2", b"QRESYNC UIDONLY IMAP4rev2")

WORDS: Final = FRAGMENTS
SEEDS: Final = [bytes([number % 24]) + text for number, text in enumerate(COMMANDS)]
"""The first octet is who says it, and what was enabled and selected before."""


class _Sessions:
    """Those of now."""

    def __init__(self) -> None:
        self.runs = 0
        self.sessions: FuzzedSessions | None = None

    def fresh_enough(self) -> FuzzedSessions:
        if self.sessions is None or self.runs % _RUNS == 0:
            if self.sessions is not None:
                self.sessions.abandon()
            self.sessions = FuzzedSessions("memory", Path(tempfile.gettempdir()))
        self.runs += 1
        return self.sessions


_now = _Sessions()


def run(data: bytes) -> None:
    """One connection from its beginning to its end."""
    if not data:
        return
    sessions = _now.fresh_enough()
    manner = data[0] % 24
    client = sessions.open("" if manner == 23 else "alice" if manner % 2 else "bob")
    if manner < 23:
        enabled = _ENABLED[manner // 2 % len(_ENABLED)]
        if enabled:
            sessions.say(client, b"ENABLE " + enabled)
        if manner < 16:
            sessions.say(client, b"SELECT INBOX")
    sessions.say_hostile(client, data[1:])
    if client in sessions.clients:
        sessions.drop(client)
    sessions.check()
