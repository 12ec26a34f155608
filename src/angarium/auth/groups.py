"""The groups of users, by which `group:` entries of ACLs mean them.

Sources are asked in threads of their own, since a directory of the network may be slow, or never answer. What they said
is kept for a while; sessions ask at each command, so that whoever is put into a group, or taken out of it, need not log
in anew.

A source that cannot be asked never makes somebody's groups fewer, since that would give back what a `-group:` entry
takes away. What was known of a user holds on for some time, and after that, as for a user of whom nothing is known, it
is a temporary failure.
"""

import asyncio
import logging
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from angarium.auth.filegroups import FileGroups
from angarium.auth.unixgroups import UnixGroups
from angarium.config import AuthMech, AuthSettings
from angarium.errors import AuthenticationUnavailable
from angarium.names import NameSettings, UserId

log = logging.getLogger(__name__)

_NO_GROUPS: Final[frozenset[str]] = frozenset()
_HELD_TIMES: Final = 10
"""How many times as long as `groups_kept` the last answer holds while a source cannot be asked."""
_RETRY_S: Final = 5.0
"""After a failure nobody is asked for this long: sessions must not wait for a dead source at each command."""
_WAIT_S: Final = 5.0
_LOOKUPS: Final = 4
_LIMIT: Final = 50_000


class GroupSource(Protocol):
    """Knows who is in which group."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    def groups_of(self, userid: str) -> frozenset[str]:
        """The groups of a user, without `group:`; nobody has none. Called in threads, and may block.

        OSError, or ValueError where what the source says makes no sense.
        """


@dataclass(frozen=True, slots=True)
class _Known:
    groups: frozenset[str]
    asked_s: float


@dataclass(frozen=True, slots=True)
class _SourceFailed:
    """What a lookup gives in place of groups."""

    source: str
    error: Exception


class Groups:
    """All sources together; one to a process, and it belongs to the event loop."""

    def __init__(
        self,
        sources: Sequence[GroupSource],
        *,
        kept_s: float,
        clock_s: Callable[[], float] = time.monotonic,
        wait_s: float = _WAIT_S,
        limit: int = _LIMIT,
    ) -> None:
        self._sources = tuple(sources)
        self._kept_s = kept_s
        self._clock_s = clock_s
        self._wait_s = wait_s
        self._limit = limit
        self._known: OrderedDict[str, _Known] = OrderedDict()
        # A thread that never comes back keeps its place: there will not be more of them.
        self._places = asyncio.Semaphore(_LOOKUPS)
        self._retry_at_s: float | None = None

    @classmethod
    def from_settings(
        cls, settings: AuthSettings, names: NameSettings, *, further: Sequence["GroupSource"] = ()
    ) -> "Groups":
        """The sources that the options name; `further` are those of the network."""
        sources: list[GroupSource] = []
        if settings.unix_group_enable and settings.auth_mech is AuthMech.UNIX:
            sources.append(UnixGroups())
        if settings.groupfile is not None:
            sources.append(FileGroups(settings.groupfile, names))
        return cls([*sources, *further], kept_s=settings.groups_kept.total_seconds())

    def __len__(self) -> int:
        return len(self._known)

    async def of(self, userid: UserId) -> frozenset[str]:
        """The user's groups, in Unicode's form NFC as ACLs have them; mostly without a wait.
        AuthenticationUnavailable where a source cannot be asked."""
        if not self._sources:
            return _NO_GROUPS
        name = str(userid)
        fresh = self._of_lately(name, self._kept_s)
        if fresh is not None:
            return fresh
        if self._retry_at_s is None or self._clock_s() >= self._retry_at_s:
            outcome = await self._ask(name)
            if not isinstance(outcome, _SourceFailed):
                return outcome
            self._note_failure(outcome)
        held = self._of_lately(name, _HELD_TIMES * self._kept_s)
        if held is not None:
            return held
        raise AuthenticationUnavailable(f"the groups of {name} cannot be looked up")

    def _of_lately(self, userid: str, age_s: float) -> frozenset[str] | None:
        """What was learnt less than `age_s` ago."""
        known = self._known.get(userid)
        return known.groups if known is not None and self._clock_s() - known.asked_s < age_s else None

    async def _ask(self, userid: str) -> frozenset[str] | _SourceFailed:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
                learnt = self._of_lately(userid, self._kept_s)
                if learnt is not None:  # by another session of hers, while this one waited
                    self._places.release()
                    return learnt
                return await self._in_thread(userid)
        except TimeoutError as error:
            return _SourceFailed(" ".join([source.name for source in self._sources]), error)

    def _in_thread(self, userid: str) -> asyncio.Future[frozenset[str] | _SourceFailed]:
        """One lookup. When it is over it is remembered, and its place is free again, whoever waits for it still.

        No pool of threads: the interpreter would wait at its end for one that never comes back.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[frozenset[str] | _SourceFailed] = loop.create_future()
        asked_s = self._clock_s()

        def answered(outcome: frozenset[str] | _SourceFailed) -> None:
            if not isinstance(outcome, _SourceFailed):
                self._remember(userid, _Known(outcome, asked_s))
            self._places.release()
            if not answer.done():
                answer.set_result(outcome)

        def look_up() -> None:
            outcome = self._look_up(userid)
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(answered, outcome)

        try:
            threading.Thread(target=look_up, name="angarium-groups", daemon=True).start()
        except RuntimeError as error:  # the machine gives no further thread
            answered(_SourceFailed("threads", error))
        return answer

    def _look_up(self, userid: str) -> frozenset[str] | _SourceFailed:
        groups: set[str] = set()
        for source in self._sources:
            try:
                found = source.groups_of(userid)
            except Exception as error:  # noqa: BLE001 - of a thread nobody would hear of it
                return _SourceFailed(source.name, error)
            groups.update(unicodedata.normalize("NFC", group) for group in found)
        return frozenset(groups)

    def _remember(self, userid: str, known: _Known) -> None:
        if self._retry_at_s is not None:
            self._retry_at_s = None
            log.info("groups_available")
        self._known[userid] = known
        self._known.move_to_end(userid)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def _note_failure(self, failed: _SourceFailed) -> None:
        if self._retry_at_s is None:
            reason = str(failed.error) or type(failed.error).__name__
            log.error("groups_unavailable", extra={"source": failed.source, "reason": reason})
        self._retry_at_s = self._clock_s() + _RETRY_S
