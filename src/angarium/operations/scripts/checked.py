"""Scripts as deliveries need them: checked once, and remembered for as long as they stay what they are."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from angarium import sieve
from angarium.config.options import SieveSettings
from angarium.config.options.sieve import StatusHeader, StatusType
from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.sieve import Limits, Script, ScriptInvalid, parse_script
from angarium.sieve.filterstatus import FilterStatus, StatusKind

log = logging.getLogger(__name__)

_KEPT: Final = 2000
_KEPT_OCTETS: Final = 16 << 20
"""Of their texts; what is made of one is some ten times as large."""
_CHECKED_INLINE_OCTETS: Final = 256
"""A longer script is checked in a thread: one that is full of mistakes takes more than 10 µs an octet."""

_CAPABILITIES: Final[Mapping[str, frozenset[str]]] = {
    "reject": frozenset({"reject", "ereject"}),
    "notify": frozenset({"notify", "enotify"}),
    "mime": frozenset({"foreverypart", "mime", "extracttext", "replace", "enclose"}),
    "snooze": frozenset({"snooze", "vnd.cyrus.snooze"}),
    "spamtest": frozenset({"spamtest", "spamtestplus"}),
}
"""Words of `sieve_extensions` that mean other capabilities than that of their own name."""
_ALWAYS: Final = frozenset({"encoded-character", "comparator-i;ascii-numeric", "comparator-i;unicode-casemap"})


def allowed_extensions(settings: SieveSettings) -> frozenset[str]:
    """The capabilities that scripts may require."""
    named: set[str] = set()
    for word in settings.sieve_extensions:
        named |= _CAPABILITIES.get(word, {word})
    if settings.sieve_lists is None:
        named.discard("extlists")
    if not settings.imapsieve:
        named.discard("imapsieve")
    return frozenset(sieve.CAPABILITIES) & (named | _ALWAYS)


def script_limits(settings: SieveSettings) -> Limits:
    """What scripts may be and do."""
    return Limits(
        script_octets=settings.sieve_maxscriptsize,
        actions=settings.sieve_maxactions,
        redirects=settings.sieve_maxredirects,
        includes=settings.sieve_maxincludes,
        body_octets=settings.sieve_body_limit,
        any_address_field=not settings.rfc3028_strict,
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    script: Script | ScriptInvalid


class CheckedScripts:
    """The scripts of a worker that were used last, as they run. A script that cannot be used is remembered as such."""

    def __init__(self, settings: SieveSettings) -> None:
        self.limits = script_limits(settings)
        self._extensions = allowed_extensions(settings)
        self.spam_status = _status(
            settings.sieve_spamtest_status_header,
            settings.sieve_spamtest_status_type,
            settings.sieve_spamtest_max_value,
            settings.sieve_spamtest_text_values,
        )
        self.virus_status = _status(
            settings.sieve_virustest_status_header,
            settings.sieve_virustest_status_type,
            settings.sieve_virustest_max_value,
            settings.sieve_virustest_text_values,
        )
        self._kept: OrderedDict[tuple[str, str, int], _Kept] = OrderedDict()
        self._kept_octets = 0

    async def get(self, owner: AccountId | str, row: ScriptRow) -> Script | ScriptInvalid:
        """The script of an account, or of the site. Its modseq tells whether it is what it was, and so does its text,
        since an account's and the site's of one name may stand under one number."""
        key = (owner, row.name, row.modseq)
        found = self._kept.get(key)
        if found is not None and found.content == row.content:
            self._kept.move_to_end(key)
            return found.script
        script = await self._check(row)
        self._keep(key, _Kept(row.content, script))
        return script

    def _keep(self, key: tuple[str, str, int], kept: "_Kept") -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = kept
        self._kept_octets += len(kept.content) - (0 if before is None else len(before.content))
        while len(self._kept) > _KEPT or (self._kept_octets > _KEPT_OCTETS and len(self._kept) > 1):
            self._kept_octets -= len(self._kept.popitem(last=False)[1].content)

    async def check(self, content: bytes, *, name: str = "") -> Script:
        """A script that is not kept anywhere. ScriptInvalid."""
        if len(content) <= _CHECKED_INLINE_OCTETS:
            return self._parse(content, name)
        return await asyncio.get_running_loop().run_in_executor(None, self._parse, content, name)

    async def _check(self, row: ScriptRow) -> Script | ScriptInvalid:
        try:
            return await self.check(row.content, name=row.name)
        except ScriptInvalid as invalid:
            return invalid

    def _parse(self, content: bytes, name: str) -> Script:
        return parse_script(content, limits=self.limits, extensions=self._extensions, name=name)


def _status(
    header: StatusHeader | None, kind: StatusType, worst: int, texts: tuple[tuple[str, int], ...]
) -> FilterStatus | None:
    if header is None:
        return None
    return FilterStatus(header.name, header.pattern, StatusKind(kind.value), worst, dict(texts))
