"""A session is as large as before, however much it has been told."""

import gc
import re
import sys
import tracemalloc
from pathlib import Path

from tests.fuzz.imaptexts import COMMANDS
from tests.imap.fuzzedsessions import Client, FuzzedSessions

_CHANGING = re.compile(rb"(?i)(?:UID )?(?:APPEND|COPY|CREATE|DELETE|EXPUNGE|MOVE|RENAME|REPLACE|SET|STORE|SUB|UNSUB)")
"""After these the store is larger."""
_EVERY = 8
"""So many texts are one of a round."""
_ROUNDS = 4
_OCTETS = 2_000
"""What all of these rounds may leave behind. A session that kept ten octets of each command would have kept more."""
_IMAP = "*/angarium/imap/*"


def _held() -> int:
    gc.collect()
    sys._clear_type_cache()  # the interpreter keeps a name there for each class that a `case` has tried
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(inclusive=True, filename_pattern=_IMAP)])
    return sum(trace.size for trace in snapshot.traces)


def test_sessions_do_not_grow_by_what_they_are_told(tmp_path: Path) -> None:
    texts = [text for text in COMMANDS if not _CHANGING.match(text)][::_EVERY]
    with FuzzedSessions("memory", tmp_path) as sessions:
        client = _selected(sessions)

        def tell_all() -> None:
            nonlocal client
            for text in texts:
                sessions.say_hostile(client, text)
                client.said.clear()
                if client.is_lost or client not in sessions.clients:
                    client = _selected(sessions)
                elif client.session.selected is None:
                    sessions.say(client, b"SELECT INBOX")

        tracemalloc.start()
        try:
            for _ in range(_ROUNDS):  # what is made once is there then
                tell_all()
            before = _held()
            for _ in range(_ROUNDS):
                tell_all()
            after = _held()
        finally:
            tracemalloc.stop()
    assert after - before < _OCTETS, f"{before} octets were held, and {after} after {_ROUNDS} rounds more"


def _selected(sessions: FuzzedSessions) -> Client:
    for client in list(sessions.clients):
        sessions.drop(client)
    client = sessions.open("alice")
    sessions.say(client, b"SELECT INBOX")
    return client
