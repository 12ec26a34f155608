"""Answers to what scripts ask about the world outside the message (`sieve.facts`)."""

from dataclasses import dataclass, field
from typing import assert_never

from angarium.engine.delivery import MarkKind
from angarium.engine.rows import AccountId
from angarium.errors import PermanentError
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.delivery.filing import Filing, succeeds
from angarium.operations.delivery.lists import ExternalLists
from angarium.operations.metadata import MetadataQuery, get_mailbox_metadata, get_server_metadata
from angarium.operations.scripts import find_site_script
from angarium.sieve import (
    IncludedScript,
    ListHolds,
    ListKnown,
    MailboxExists,
    MailboxIdExists,
    MetadataOf,
    NotifyMethodOnline,
    Question,
    Script,
    ScriptInvalid,
    SeenBefore,
    SpecialUseExists,
)

SITE = "site"
"""Whose scripts those of the whole site are, for `CheckedScripts`."""


@dataclass(slots=True)
class Facts:
    """What one run of a script asks, and what it was told that may have changed by the time of its write."""

    context: DeliveryContext
    filing: Filing
    account: AccountId
    """Where its scripts and its marks are."""
    unmarked: set[str] = field(default_factory=set)
    """Keys of `duplicate` that it was told do not stand."""

    async def answer(self, question: Question) -> object:
        """As the question's docstring says; what cannot be known is answered as if it were not there. What cannot be
        known for now is raised, and the mail waits (RFC 5490 §5, RFC 6134 §3)."""
        match question:
            case MailboxExists(mailbox=mailbox):
                return await self.filing.exists(mailbox)
            case MailboxIdExists(mailbox_id=mailbox_id):
                return await succeeds(self.filing.find_by_id(mailbox_id))
            case SpecialUseExists(mailbox=mailbox, uses=uses):
                return await self.filing.has_uses(mailbox, uses)
            case MetadataOf(mailbox=mailbox, entry=entry):
                if mailbox is None:
                    return await self._server_metadata(entry)
                return await self._mailbox_metadata(mailbox, entry)
            case SeenBefore(key=key):
                return await self._was_seen(key)
            case ListKnown(name=name):
                return await self._lists.is_known(name)
            case ListHolds(name=name, values=values):
                return await self._lists.find(name, values)
            case IncludedScript(name=name, is_global=is_global):
                return await self._script(name, is_global=is_global)
            case NotifyMethodOnline():
                # RFC 5436 §2.8: nothing is known of who reads a mail address.
                return "maybe"
            case _:
                assert_never(question)

    async def members(self, name: str) -> tuple[str, ...]:
        """The members of an external list; none where there is no such list."""
        return await self._lists.members(name) or ()

    async def _server_metadata(self, entry: str) -> str | None:
        if _is_pattern(entry):
            return None
        query = MetadataQuery((entry,))
        found = await get_server_metadata(self.context.store, self.filing.actor, self.context.places, query)
        return _text(found.values[0].value if found.values else None)

    async def _mailbox_metadata(self, mailbox: str, entry: str) -> str | None:
        if _is_pattern(entry):
            return None
        try:
            name = self.filing.name(mailbox)
            found = await get_mailbox_metadata(self.context.store, self.filing.actor, name, MetadataQuery((entry,)))
        except PermanentError:
            return None
        return _text(found.values[0].value if found.values else None)

    async def _was_seen(self, key: str) -> bool:
        if await self.context.store.engine.marks(self.account, MarkKind.TRACKED, (key,)):
            return True
        self.unmarked.add(key)
        return False

    async def _script(self, name: str, *, is_global: bool) -> Script | ScriptInvalid | None:
        engine = self.context.store.engine
        if is_global:
            row = await find_site_script(engine, name, self.filing.actor.userid)
        else:
            row = await engine.script(self.account, name)
        if row is None:
            return None
        return await self.context.scripts.get(SITE if is_global else self.account, row)

    @property
    def _lists(self) -> ExternalLists:
        return ExternalLists(self.context.settings.sieve.sieve_lists, self.filing.actor.userid)


def _is_pattern(entry: str) -> bool:
    """No entry is called so, and METADATA would take it for many."""
    return "*" in entry or "%" in entry


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
