"""Users who get their mailboxes by themselves: at a login, or when mail comes (`autocreate_quota` and its like).

All that a new user gets is one batch of her account, so that no crash leaves her with half of it. Who finds the INBOX
there by then has been overtaken, and what the batch says besides is what stands there already.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from angarium.config.options import AutocreateSettings
from angarium.engine.commands import Author, Command, CreateMailboxes, NewMailbox, PutScript, SetQuota, Subscribe
from angarium.engine.rows import AccountId, MailboxId, QuotaResource
from angarium.errors import MailboxExists, MailboxNameInvalid, MailboxNotFound, PermanentError, ScriptLimitExceeded
from angarium.names import MailboxName, UserId
from angarium.operations.mailboxes.acl import full_identifier
from angarium.operations.mailboxes.create import new_account
from angarium.rights import Acl, inherit, parse_modification
from angarium.store import AccountTree, Actor, Store
from angarium.store.acl import parse_acl
from angarium.store.tree import relative_name
from angarium.store.turns import slices

log = logging.getLogger(__name__)

_SCRIPT_OCTETS: Final = 10 << 20
"""Nobody's script is longer (`sieve_maxscriptsize`)."""
_AT_ONCE: Final = 500


class ScriptChecker(Protocol):
    """Knows which scripts can be used; see `operations.delivery.CheckedScripts`."""

    async def check(self, content: bytes, *, name: str = "") -> object:
        """Raises sieve.ScriptInvalid, whose text tells of all mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Who might get mailboxes."""

    userid: UserId
    groups: frozenset[str] = frozenset()
    """Without `group:`."""
    is_admin: bool = False
    client: str = ""
    protocol: str = ""
    session: str = ""

    @property
    def actor(self) -> Actor:
        """The user, who has no account yet; not as the administrator she may be."""
        return Actor(self.userid, None, self.groups, False, self.client, self.protocol, self.session)


async def autocreate_user(
    store: Store, settings: AutocreateSettings, user: NewUser, *, scripts: ScriptChecker | None = None
) -> AccountId | None:
    """Give a user who has no INBOX one with all that belongs to it, durably; gives the account of whoever has one by
    now, and None where she is to have none.

    Cheap where the INBOX is there, or the options are off. What goes wrong with single mailboxes, subscriptions or the
    script is logged; AngariumError where there is no INBOX in the end. Whether mail may make one (`autocreate_post`) is
    for the delivery to ask.
    """
    limit_kib = settings.storage_limit_kib
    if limit_kib is None:
        return None
    top = MailboxName.of_user(user.userid)
    tree = await store.tree_of(top)
    if tree is not None and tree.find(top) is not None:
        return tree.account
    if not may_be_autocreated(settings, user):
        return None
    preparation = _Preparation(store, settings, user, tree or await new_account(store, top), top)
    await preparation.add_shared_folders()
    if settings.autocreate_sieve_script is not None and scripts is not None:
        await preparation.add_script(settings.autocreate_sieve_script, scripts)
    return await preparation.create(limit_kib)


def may_be_autocreated(settings: AutocreateSettings, user: NewUser) -> bool:
    """Whether a user who has no INBOX is to get one."""
    is_on = settings.storage_limit_kib is not None
    return is_on and not user.is_admin and not user.actor.subject().identifiers.isdisjoint(settings.autocreate_users)


def folder_of(store: Store, userid: UserId, name: str) -> MailboxName:
    """The user's mailbox that an option such as `autocreate_sieve_folders` means. MailboxNameInvalid."""
    return MailboxName.of_user(userid).child(*name.split(store.policy.names.separator))


def may_be_created_by_script(store: Store, settings: AutocreateSettings, name: MailboxName) -> bool:
    """Whether `autocreate_sieve_folders` names this mailbox, which a `fileinto` has not found."""
    userid = name.userid
    return userid is not None and any(
        folder.key == name.key for folder in _folders(store, userid, settings.autocreate_sieve_folders)
    )


def _folders(store: Store, userid: UserId, names: tuple[str, ...]) -> Iterator[MailboxName]:
    for text in names:
        try:
            yield folder_of(store, userid, text)
        except MailboxNameInvalid:
            continue  # no mailbox has such a name


@dataclass(slots=True)
class _Preparation:
    """What a new user is to get, put together before anything is written."""

    store: Store
    settings: AutocreateSettings
    user: NewUser
    tree: AccountTree
    top: MailboxName
    mailboxes: dict[str, NewMailbox] = field(default_factory=dict)
    """By key, parents first."""
    acls: dict[str, Acl] = field(default_factory=dict)
    """Of these, and of what is there already."""
    subscriptions: list[MailboxName] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """For the log."""

    def __post_init__(self) -> None:
        self.acls.update({entry.key: parse_acl(entry.row.acl) for entry in self.tree.live()})
        self._add_mailbox(self.top)
        self.subscriptions.append(self.top)
        for text in self.settings.autocreate_inbox_folders:
            self._try("mailbox", text, self._add_folder)
        for text in self.settings.autocreate_subscribe_folders:
            self._try("subscription", text, self._add_subscription)

    async def create(self, limit_kib: int) -> AccountId:
        """Write it. AngariumError where there is no INBOX then."""
        account = self.tree.account
        author = self.user.actor.author()
        limits = _limits(limit_kib, self.settings.autocreate_quota_messages)
        commands: list[Command] = [CreateMailboxes(tuple(self.mailboxes.values()), author)]
        if limits:
            commands.append(SetQuota(self.mailboxes[self.top.key].name, limits, author))
        commands += [*self.commands, *[Subscribe(name.internal, author) for name in self.subscriptions]]
        created, *others = await self.store.engine.write_batch(account, commands[:_AT_ONCE])
        if isinstance(created, MailboxExists):
            return account
        if isinstance(created, Exception):
            raise created
        # Beyond these are subscriptions to very many shared mailboxes, which would fill the account's queue.
        for start in range(_AT_ONCE, len(commands), _AT_ONCE):
            others += await self.store.engine.write_batch(account, commands[start : start + _AT_ONCE])
        await self.store.engine.refresh_catalogue(account)
        self.failures += [
            f"{type(refusal).__name__}: {refusal}" for refusal in others if isinstance(refusal, Exception)
        ]
        self._log()
        return account

    # Mailboxes

    def _add_folder(self, text: str) -> None:
        name = folder_of(self.store, self.user.userid, text)
        for missing in (*reversed([*name.ancestors]), name):
            if missing.key not in self.acls:
                self._add_mailbox(missing)

    def _add_mailbox(self, name: MailboxName) -> None:
        """A mailbox whose parents are there."""
        parent = name.parent
        acl = inherit(
            None if parent is None else self.acls[parent.key],
            owner=str(self.user.userid) if parent is None else None,
            defaultacl=self.store.policy.defaultacl,
        )
        acl = self._with_rights(name, acl)
        self.acls[name.key] = acl
        policy = self.store.policy
        self.mailboxes[name.key] = NewMailbox(
            MailboxId(self.store.sources.random_id()),
            relative_name(name, self.tree.name, deletedprefix=policy.names.deletedprefix),
            policy.defaultpartition,
            acl.serialize(),
            self._special_use(name),
        )

    def _with_rights(self, name: MailboxName, acl: Acl) -> Acl:
        for each in self.settings.autocreate_acl:
            try:
                if folder_of(self.store, self.user.userid, each.folder).key != name.key:
                    continue
                identifier = full_identifier(self.store, self.user.actor, each.identifier)
                rights = parse_modification(each.rights, deleteright=self.store.policy.deleteright, shortcuts=True)
                acl = acl.set(identifier, rights)
            except PermanentError as refusal:
                self._fail(f"autocreate_acl {each.folder} {each.identifier} {each.rights}", refusal)
        return acl

    def _special_use(self, name: MailboxName) -> str:
        uses = []
        for flag, text in self.settings.special_uses.items():
            try:
                if folder_of(self.store, self.user.userid, text).key == name.key:
                    self.store.policy.special_use.check_place(name)
                    uses.append(self.store.policy.special_use.parse([flag]))
            except PermanentError as refusal:
                self._fail(f"xlist-{flag}", refusal)
        return " ".join(uses)

    # Subscriptions

    def _add_subscription(self, text: str) -> None:
        name = folder_of(self.store, self.user.userid, text)
        if name.key not in self.mailboxes:
            raise MailboxNotFound("it is none of autocreate_inbox_folders")
        self.subscriptions.append(name)

    async def add_shared_folders(self) -> None:
        """Subscriptions to what others share."""
        if self.settings.autocreate_subscribe_sharedfolders_all:
            visible = await self.store.visible(self.user.actor)
            async for some in slices(visible.mailboxes, _AT_ONCE):
                self.subscriptions += [mailbox.name for mailbox in some if not mailbox.name.is_user]
            await visible.let_go()
            return
        for text in self.settings.autocreate_subscribe_sharedfolders:
            try:
                mailbox = await self.store.find(self.user.actor, self._shared_name(text))
            except PermanentError as refusal:
                self._fail(f"subscription to {text}", refusal)
            else:
                self.subscriptions.append(mailbox.name)

    def _shared_name(self, text: str) -> MailboxName:
        """As users see it, else as administrators do."""
        try:
            name = self.store.namespace(self.user.actor).to_internal(text)
        except MailboxNameInvalid:
            pass  # perhaps it is an administrator's
        else:
            if not name.is_user:
                return name
        name = MailboxName(tuple(text.split(self.store.policy.names.separator)), self.user.userid.domain)
        if name.is_user:
            raise MailboxNameInvalid(f"{text} is no shared mailbox")
        return name

    # The script

    async def add_script(self, path: Path, scripts: ScriptChecker) -> None:
        """The user's first script, where it can be used."""
        try:
            content = await asyncio.to_thread(_read, path)
            await scripts.check(content, name=path.name)
        except Exception as error:  # noqa: BLE001 - mail must not wait for an administrator's script
            self._fail(f"script {path}", error)
            return
        author: Author = self.user.actor.author()
        self.commands.append(PutScript(path.name, content, author, activate=True))

    # What is logged

    def _try(self, what: str, text: str, work: Callable[[str], None]) -> None:
        try:
            work(text)
        except PermanentError as refusal:
            self._fail(f"{what} {text}", refusal)

    def _fail(self, what: str, error: Exception) -> None:
        self.failures.append(f"{what}: {error}")

    def _log(self) -> None:
        fields: dict[str, object] = {
            "user": str(self.user.userid),
            "protocol": self.user.protocol,
            "session": self.user.session,
            "mailboxes": len(self.mailboxes),
            "subscriptions": len(self.subscriptions),
            "script": bool(self.commands),
        }
        if self.failures:
            log.warning("user_autocreated", extra=fields | {"failures": "; ".join(dict.fromkeys(self.failures))})
        else:
            log.info("user_autocreated", extra=fields)


def _limits(storage_kib: int, messages: int) -> Mapping[QuotaResource, int]:
    limits = {QuotaResource.STORAGE: storage_kib, QuotaResource.MESSAGE: messages}
    return {resource: limit for resource, limit in limits.items() if limit > 0}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_SCRIPT_OCTETS + 1)
    if len(content) > _SCRIPT_OCTETS:
        raise ScriptLimitExceeded(f"{path} is longer than a script may be")
    return content
