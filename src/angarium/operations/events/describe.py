"""What a notification says of an event: its parameters (RFC 5423 §5), under the names that Cyrus gives them.

What the change log knows is as of the event. Counters, quota use and ACLs are as of the moment at which it is told;
usually that is a few milliseconds later.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from angarium.config import EventParameter
from angarium.engine.changelog import parse_form
from angarium.engine.columns import NO_MESSAGES, MailboxMessages, MessageColumns
from angarium.engine.interface import Engine
from angarium.engine.rows import (
    AccountId,
    ContentId,
    EmailId,
    MailboxId,
    MailboxRow,
    ModSeq,
    QuotaResource,
    QuotaRow,
    ThreadId,
    Uid,
)
from angarium.errors import AccountNotFound, AngariumError, MailboxNameInvalid, MailboxNotFound
from angarium.flags import Flags, SystemFlags
from angarium.imapurl import (
    ImapServer,
    MessageUrl,
    serialize_mailbox_url,
    serialize_message_url,
    serialize_server_url,
)
from angarium.names import MailboxName, Namespace
from angarium.store.objectids import email_object_id, thread_object_id
from angarium.store.tree import full_name

from .content import read_content
from .names import OF_COPIES, OF_MESSAGES, OF_NEW_MESSAGES, OF_QUOTA, EventName
from .notification import ID, Notification
from .occurrences import Occurrence
from .placing import Known
from .policy import EventPolicy

_MESSAGE_IDS: Final = 50
"""In one event."""
_QUOTA_MEMBERS: Final = {
    QuotaResource.STORAGE.value: ("diskQuota", "diskUsed"),
    QuotaResource.MESSAGE.value: ("maxMessages", "messages"),
}
_WITH_FLAGS: Final = frozenset({EventName.FLAGS_SET, EventName.FLAGS_CLEAR})
_LAST_STRING: Final = re.compile(rb'"((?:[^"\\]|\\.){1,998})"\)\Z')
Members = dict[str, object]


@dataclass(slots=True)
class _Batch:
    """What was read for events of one account that are told together."""

    mailboxes: dict[MailboxId, MailboxRow | None] = field(default_factory=dict)
    messages: dict[MailboxId, MailboxMessages | None] = field(default_factory=dict)
    quotas: Sequence[QuotaRow] | None = None


class Describer:
    """Makes notifications of events; one for each account and batch, since it remembers what it has read."""

    def __init__(self, engine: Engine, policy: EventPolicy, account: AccountId, *, since: ModSeq) -> None:
        """`since`: below the modseq of every event that it is to tell."""
        self._engine = engine
        self._policy = policy
        self._account = account
        self._since = since
        self._namespace = Namespace(policy.names, None, is_admin=True)
        self._server = ImapServer(policy.server_name)
        self._read = _Batch()

    async def describe(self, occurrence: Occurrence, number: int) -> Notification | None:
        """The notification; None where the event is not to be told. `number` is that of the event among those of its
        modseq, told or not."""
        policy, row = self._policy, occurrence.row
        flags = policy.told_flags(occurrence)
        if occurrence.name not in policy.events or flags is None:
            return None
        present = await self._mailbox(row.mailbox)
        name = self._name(occurrence)
        if row.mailbox is not None and occurrence.name not in OF_QUOTA:
            use = "" if present is None else present.special_use
            if policy.excludes_mailbox(use, is_inbox=name is not None and name.is_inbox):
                return None
        event_id = f"{self._account}.{row.modseq}.{number}"
        members: Members = {"event": occurrence.name.value, ID: event_id}
        if EventParameter.TIMESTAMP in policy.parameters:
            members["timestamp"] = timestamp(row.time_s)
        self._add_client(members, occurrence)
        await self._add_old_names(members, occurrence)
        self._add_mailbox(members, occurrence, name)
        await self._add_counters(members, occurrence, present)
        if occurrence.name in _WITH_FLAGS:
            members["flagNames"] = " ".join(flags)
        if occurrence.name is EventName.ACL_CHANGE:
            members |= {"aclSubject": occurrence.subject, "aclRights": occurrence.rights}
        members["pid"] = os.getpid()
        user = self._user(occurrence)
        members["user"] = user
        if occurrence.name in OF_NEW_MESSAGES:
            await self._add_message(members, occurrence, present)
        self._add_rest(members, occurrence, present)
        external = "" if name is None else self._external(name)
        return Notification(event_id, occurrence.name, user, external, members)

    def start_anew(self, lost_before: ModSeq, account_name: str, now_s: int) -> Notification:
        """That events up to a modseq are told by nobody, since the change log has forgotten them."""
        name = MailboxName.from_internal(account_name)
        event_id = f"{self._account}.{lost_before}.pruned"
        external = self._external(name)
        members: Members = {
            "event": EventName.START_ANEW.value,
            ID: event_id,
            "timestamp": timestamp(now_s),
            "uri": serialize_mailbox_url(self._server, external),
            "modseq": lost_before,
            "pid": os.getpid(),
            "user": str(name.userid or ""),
            "serverFQDN": self._policy.server_name,
        }
        return Notification(event_id, EventName.START_ANEW, str(name.userid or ""), external, members)

    # Who and where

    def _user(self, occurrence: Occurrence) -> str:
        """Who did it; of a delivery, whose mail it is; nobody where it was a program."""
        row = occurrence.row
        if occurrence.name is EventName.MESSAGE_NEW or occurrence.name in OF_QUOTA:
            return str(MailboxName.from_internal(occurrence.placed.account_name).userid or "")
        return "" if row.client.split(" ")[0] == row.actor else row.actor

    def _add_client(self, members: Members, occurrence: Occurrence) -> None:
        service, _, address = occurrence.row.client.partition(" ")
        if EventParameter.SERVICE in self._policy.parameters and service:
            members["service"] = service
        if EventParameter.CLIENTADDRESS in self._policy.parameters and address:
            members["clientAddress"] = address

    def _name(self, occurrence: Occurrence) -> MailboxName | None:
        """The name of the mailbox that the event is of, as of then."""
        placed, row = occurrence.placed, occurrence.row
        if row.operation in ("subscribe", "unsubscribe"):
            return MailboxName.from_internal(occurrence.subject)
        if occurrence.name in OF_QUOTA:
            return self._full(placed.account_name, Known(occurrence.subject, None))
        if row.operation == "renameaccount":
            return MailboxName.from_internal(placed.account_name)
        known = placed.before if row.operation in ("delete", "erase") else None
        known = known or (placed.mailboxes.get(row.mailbox) if row.mailbox is not None else None)
        return None if known is None else self._full(placed.account_name, known)

    def _full(self, account_name: str, known: Known) -> MailboxName:
        return full_name(
            MailboxName.from_internal(account_name),
            known.name,
            deleted_at_s=known.deleted_at_s,
            deletedprefix=self._policy.names.deletedprefix,
        )

    def _external(self, name: MailboxName) -> str:
        try:
            return self._namespace.to_external(name)
        except MailboxNameInvalid:  # of a domain, where virtdomains were turned off
            return name.internal

    def _url(self, name: MailboxName, uidvalidity: int | None) -> str:
        return serialize_mailbox_url(self._server, self._external(name), uidvalidity)

    def _add_mailbox(self, members: Members, occurrence: Occurrence, name: MailboxName | None) -> None:
        row, placed = occurrence.row, occurrence.placed
        if row.mailbox is not None:
            members["mailboxID"] = row.mailbox
        if name is None:
            members["uri"] = serialize_server_url(self._server)
            return
        known = placed.before or (placed.mailboxes.get(row.mailbox) if row.mailbox is not None else None)
        uidvalidity = None if known is None or occurrence.name in OF_QUOTA else known.uidvalidity
        if occurrence.name in OF_NEW_MESSAGES:
            url = MessageUrl(self._external(name), occurrence.uids.minimum, uidvalidity, server=self._server)
            members["uri"] = serialize_message_url(url).decode("ascii")
        else:
            members["uri"] = self._url(name, uidvalidity)

    async def _add_old_names(self, members: Members, occurrence: Occurrence) -> None:
        """Where copies come from, or what a mailbox was called."""
        placed = occurrence.placed
        if occurrence.name in OF_COPIES and occurrence.source is not None:
            known = placed.mailboxes.get(occurrence.source)
            if known is not None:
                members["oldMailboxID"] = self._url(self._full(placed.account_name, known), known.uidvalidity)
            members["vnd.cmu.oldUidset"] = occurrence.source_uids.serialize().decode()
        if occurrence.name is EventName.MAILBOX_RENAME:
            old = await self._old_name(occurrence)
            if old is not None:
                known = placed.before
                members["oldMailboxID"] = self._url(old, None if known is None else known.uidvalidity)

    async def _old_name(self, occurrence: Occurrence) -> MailboxName | None:
        placed, form = occurrence.placed, parse_form(occurrence.row.before)
        if occurrence.row.operation == "renameaccount":
            return MailboxName.from_internal(placed.old_account_name)
        known = placed.before or Known(str(form.get("name", "")), None, form.get("deleted_at"))
        account_name = placed.old_account_name
        if "moved_from" in form:
            try:
                account_name = await self._engine.account_name(AccountId(str(form["moved_from"])))
            except AccountNotFound:
                return None
        return self._full(account_name, known)

    # What there is in the mailbox

    async def _mailbox(self, mailbox: MailboxId | None) -> MailboxRow | None:
        if mailbox is None:
            return None
        if mailbox not in self._read.mailboxes:
            self._read.mailboxes[mailbox] = await self._engine.mailbox(self._account, mailbox)
        return self._read.mailboxes[mailbox]

    async def _add_counters(self, members: Members, occurrence: Occurrence, present: MailboxRow | None) -> None:
        wanted = self._policy.parameters
        if occurrence.name in OF_QUOTA:
            await self._add_quota(members, occurrence)
        if occurrence.name not in OF_MESSAGES:
            return
        if EventParameter.MODSEQ in wanted and len(occurrence.uids) == 1:
            members["modseq"] = occurrence.row.modseq
        if present is not None:
            counters = {
                EventParameter.MESSAGES: present.messages,
                EventParameter.UNSEENMESSAGES: present.unseen,
                EventParameter.UIDNEXT: present.uidnext,
            }
            members |= {parameter.value: count for parameter, count in counters.items() if parameter in wanted}
        if occurrence.name not in OF_NEW_MESSAGES:
            members["uidset"] = occurrence.uids.serialize().decode()
        if EventParameter.MIDSET in wanted:
            members[EventParameter.MIDSET.value] = await self._message_ids(occurrence)

    async def _add_quota(self, members: Members, occurrence: Occurrence) -> None:
        if self._read.quotas is None:
            self._read.quotas = await self._engine.quotas(self._account)
        root = next((quota for quota in self._read.quotas if quota.root == occurrence.subject), None)
        limits: Mapping[str, int] = dict(occurrence.limits)
        if occurrence.row.operation != "setquota" and root is not None:
            limits = {resource.value: limit for resource, limit in root.limits.items()}
        used = {} if root is None else {resource.value: root.used[resource] // resource.unit for resource in root.used}
        tells_use = occurrence.name is not EventName.QUOTA_CHANGE or EventParameter.DISKUSED in self._policy.parameters
        for resource, (limit_member, used_member) in _QUOTA_MEMBERS.items():
            if resource in limits:
                members[limit_member] = limits[resource]
                if tells_use and resource in used:
                    members[used_member] = used[resource]

    # Messages

    async def _messages(self, mailbox: MailboxId) -> MailboxMessages | None:
        """The mailbox's messages that changed since the first of the events: each that came, and each that went."""
        if mailbox not in self._read.messages:
            try:
                found = await self._engine.messages(self._account, mailbox, changed_since=self._since)
            except MailboxNotFound:
                found = None
            self._read.messages[mailbox] = found
        return self._read.messages[mailbox]

    async def _columns(self, occurrence: Occurrence) -> MessageColumns:
        """The messages of the event, as far as the index knows them yet."""
        assert occurrence.row.mailbox is not None
        found = await self._messages(occurrence.row.mailbox)
        if found is None:
            return NO_MESSAGES
        wanted = occurrence.uids.to_array()[:_MESSAGE_IDS]
        return found.columns.take(np.flatnonzero(np.isin(found.columns.uid, wanted)))

    async def _message_ids(self, occurrence: Occurrence) -> list[str]:
        numbers = [ContentId(int(number)) for number in (await self._columns(occurrence)).content]
        contents = await self._engine.contents(self._account, numbers)
        return [_message_id(contents[number].envelope) if number in contents else "NIL" for number in numbers]

    async def _add_message(self, members: Members, occurrence: Occurrence, present: MailboxRow | None) -> None:
        wanted = self._policy.parameters
        found = await self._columns(occurrence)
        if not found.uid.size:
            return
        if EventParameter.MESSAGESIZE in wanted:
            members["messageSize"] = int(found.size_octets[0])
        if EventParameter.FLAGNAMES in wanted and present is not None:
            self._add_flags(members, found, present)
        if EventParameter.EMAILID in wanted:
            members[EventParameter.EMAILID.value] = email_object_id(EmailId(int(found.email_id[0])))
        if EventParameter.THREADID in wanted:
            members[EventParameter.THREADID.value] = thread_object_id(ThreadId(int(found.thread_id[0])))
        await self._add_content(members, occurrence, ContentId(int(found.content[0])))

    def _add_flags(self, members: Members, found: MessageColumns, present: MailboxRow) -> None:
        """Those that it came with; nobody knows them any more where others were set since."""
        if found.modseqs[0] != found.created_modseq[0]:
            return
        mask = int(found.keywords_low[0]) | int(found.keywords_high[0]) << 64
        keywords = tuple([keyword for bit, keyword in enumerate(present.keywords) if mask >> bit & 1])
        names = Flags(SystemFlags(int(found.flags[0])), keywords).names()
        told = [name for name in names if name.lower() not in self._policy.excluded_flags]
        if told:
            members["flagNames"] = " ".join(told)

    async def _add_content(self, members: Members, occurrence: Occurrence, content: ContentId) -> None:
        wanted = self._policy.parameters
        if EventParameter.BODYSTRUCTURE in wanted or EventParameter.ENVELOPE in wanted:
            parsed = (await self._engine.contents(self._account, [content])).get(content)
            if parsed is not None:
                parts = {EventParameter.ENVELOPE: parsed.envelope, EventParameter.BODYSTRUCTURE: parsed.bodystructure}
                members |= {
                    parameter.value: part.decode("utf-8", "replace")
                    for parameter, part in parts.items()
                    if parameter in wanted
                }
        if EventParameter.MESSAGECONTENT in wanted:
            assert occurrence.row.mailbox is not None
            text = await self._message_text(occurrence.row.mailbox, Uid(occurrence.uids.minimum))
            if text is not None:
                members["messageContent"] = text

    async def _message_text(self, mailbox: MailboxId, uid: Uid) -> str | None:
        """None where it is not to be told, was purged or cannot be read; the event is told all the same."""
        try:
            file = await self._engine.open_message(self._account, mailbox, uid)
        except AngariumError:
            return None
        try:
            return await read_content(file, self._policy.content_mode, self._policy.content_octets)
        except AngariumError:
            return None
        finally:
            file.close()

    # The rest

    def _add_rest(self, members: Members, occurrence: Occurrence, present: MailboxRow | None) -> None:
        wanted = self._policy.parameters
        if occurrence.row.mailbox is not None and EventParameter.MBTYPE in wanted:
            members[EventParameter.MBTYPE.value] = "e"
        members["serverFQDN"] = self._policy.server_name
        if present is not None and EventParameter.MAILBOXACL in wanted:
            members[EventParameter.MAILBOXACL.value] = present.acl
        if EventParameter.SESSIONID in wanted and occurrence.row.session:
            members[EventParameter.SESSIONID.value] = occurrence.row.session


def _message_id(envelope: bytes) -> str:
    """What ENVELOPE has last (RFC 9051 §7.5.2); `NIL` where there is none."""
    found = _LAST_STRING.search(envelope)
    return "NIL" if found is None else re.sub(r"\\(.)", r"\1", found[1].decode("utf-8", "replace"))


def timestamp(time_s: float) -> str:
    """RFC 3339, in local time with its offset (RFC 5423 §5)."""
    return datetime.fromtimestamp(time_s, UTC).astimezone().isoformat(timespec="milliseconds")
