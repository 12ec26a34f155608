"""Telling a client that waits how far its command has come (RFC 9585)."""

import time
from collections.abc import Callable
from typing import Final

from angarium.imap.dialect import Extension
from angarium.imap.responses import Condition, code_inprogress
from angarium.imap.session import ImapSession

INTERVAL_S: Final = 10.0


class Progress:
    """Called with what is done and what there is to do, as often as one likes; the client hears of it now and then.

    A command may look through the messages several times. Numbers must grow and the goal must stay (RFC 9585 §4), so
    where they do not, the client is told only that the command goes on.
    """

    def __init__(self, session: ImapSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self._told_s = clock()
        self._done = -1
        self._goal: int | None = None

    def __call__(self, done: int, goal: int) -> None:
        now_s = self._clock()
        if now_s - self._told_s < INTERVAL_S or Extension.INPROGRESS not in self._session.parser.dialect.served:
            return
        self._told_s = now_s
        is_known = self._goal in (None, goal) and self._done < done < goal
        code = code_inprogress(self._session.tag, (done, goal) if is_known else None)
        text = b"Still searching"
        if is_known:
            self._done, self._goal = done, goal
            text = b"Processed %d%% of the messages" % (100 * done // goal)
        self._session.tell(Condition.OK, text, code)
        self._session.output.flush()
