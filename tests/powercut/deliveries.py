"""A client that has whole deliveries made, and what must be true of them after a power cut."""

from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.engine.rows import message_rows
from tests.powercut.checks import read
from tests.powercut.client import AUTHOR, CONTENT, SEARCH, Client, Promised, text_of

from angarium.engine.commands import Deliver, Delivered, NewMessage, RemoveDispatch
from angarium.engine.delivery import MAIL_TO_SEND, Deposit, Dispatch, Mark, MarkKind
from angarium.engine.rows import AccountId, InternalDate, MailboxId
from angarium.engine.sqlite import SqliteEngine
from angarium.flags import Flags

LATER_S = 1 << 40
HEAD = b"Received: by us\r\n"


@dataclass(frozen=True)
class Post:
    """One delivery: numbers of messages by mailbox, each with a mark of its own; and mail to send."""

    account: AccountId
    deposits: tuple[tuple[MailboxId, int], ...]
    mails: tuple[tuple[str, int | None], ...] = ()
    """Message-id, and the number of the message that its file is; each with a mark of its own."""
    marks: tuple[str, ...] = ()


@dataclass
class PromisedPost(Promised):
    """What deliveries have done besides; what is to be there, whole, and how it came."""

    marks: dict[AccountId, set[str]] = field(default_factory=dict)
    mails: dict[AccountId, dict[str, int | None]] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    """All that were asked for, the last of them perhaps not acknowledged."""

    def traces(self, account: AccountId) -> set[tuple[object, ...]]:
        """All that a delivery leaves, as names."""
        own = {key for key in self.messages if self.homes[key[0]] == account}
        marks = {("mark", key) for key in self.marks.get(account, ())}
        return {("message", *key) for key in own} | marks | {("mail", each) for each in self.mails.get(account, ())}


class PostClient(Client):
    """Makes deliveries."""

    promised: PromisedPost

    @classmethod
    def of(cls, client: Client) -> "PostClient":
        """One that goes on with an empty promise."""
        made = cls(client.engine, client.record)
        made.promised = PromisedPost()
        return made

    async def post(self, post: Post) -> Delivered:
        """Deliver; what stands already is put nowhere."""
        self.promised.posts.append(post)
        async with AsyncExitStack() as exits:
            delivered = await self.engine.write(post.account, await self._command(exits, post))
        assert isinstance(delivered, Delivered)
        self._note(post, delivered)
        await self._told(post.account)
        return delivered

    async def sent(self, account: AccountId, message_id: str, notice: tuple[str, int | None] | None = None) -> None:
        """Mail is gone, perhaps for another one."""
        (number,) = [row.number for row in await self.engine.dispatches(account) if row.message_id == message_id]
        async with AsyncExitStack() as exits:
            replacement = None if notice is None else await self._dispatch(exits, *notice)
            await self.engine.write(account, RemoveDispatch(number, AUTHOR, replacement))
        del self.promised.mails[account][message_id]
        if notice is not None:
            self.promised.mails[account][notice[0]] = notice[1]
            self.promised.marks[account].add(_key(notice[0]))
        await self._told(account)

    async def _command(self, exits: AsyncExitStack, post: Post) -> Deliver:
        deposits = [
            Deposit(mailbox, await self._staged(exits, text_of(number)), mark=_mark(f"{number} {mailbox}"))
            for mailbox, number in post.deposits
        ]
        mails = [await self._dispatch(exits, *mail) for mail in post.mails]
        return Deliver(AUTHOR, tuple(deposits), tuple(mails), tuple([_mark(key) for key in post.marks]))

    async def _dispatch(self, exits: AsyncExitStack, message_id: str, number: int | None) -> Dispatch:
        mail = Dispatch("", ("bob@example.org",), HEAD, "redirect", message_id, LATER_S, mark=_mark(_key(message_id)))
        if number is None:
            return mail
        return replace(mail, file=(await self._staged(exits, text_of(number))).file)

    async def _staged(self, exits: AsyncExitStack, text: bytes) -> NewMessage:
        staged = await exits.enter_async_context(self.engine.stage("default"))
        staged.write(text)
        return NewMessage(await staged.finish(), Flags(), InternalDate(1), CONTENT, SEARCH)

    def _note(self, post: Post, delivered: Delivered) -> None:
        marks = self.promised.marks.setdefault(post.account, set())
        mails = self.promised.mails.setdefault(post.account, {})
        for (mailbox, number), uid in zip(post.deposits, delivered.uids, strict=True):
            if uid is not None:
                self._has(mailbox, uid, text_of(number), Flags())
                marks.add(f"{number} {mailbox}")
        for (message_id, number_of_file), is_queued in zip(post.mails, delivered.dispatched, strict=True):
            if is_queued:
                mails[message_id] = number_of_file
                marks.add(_key(message_id))
        marks.update(post.marks)


def _mark(key: str) -> Mark:
    return Mark(MarkKind.DELIVERED, key, LATER_S)


def _key(message_id: str) -> str:
    return f"mail {message_id}"


async def check_deliveries(engine: SqliteEngine, promised: PromisedPost, coming: PromisedPost) -> None:
    """What was promised is there; the one command behind it is there whole, or not at all; and all is noted."""
    notes = {number: row.account for number, row in await engine.work() if row.kind == MAIL_TO_SEND}
    for account in promised.account_names:
        rows = await engine.dispatches(account)
        found: set[tuple[object, ...]] = {("mail", row.message_id) for row in rows}
        found |= {("mark", row.mark.key) for row in await engine.list_marks(account, MarkKind.DELIVERED)}
        for mailbox in await engine.mailboxes(account):
            found |= {("message", mailbox.id, row.uid) for row in await message_rows(engine, account, mailbox.id)}
        before, after = promised.traces(account), coming.traces(account)
        assert found in (before, after), f"torn, or lost: {found ^ before}, {found ^ after}"
        assert len(rows) == len({row.message_id for row in rows}), "mail is there twice"
        for row in rows:
            assert notes.get(row.work) == account, "mail that nobody would think of"
            number = (promised.mails.get(account, {}) | coming.mails.get(account, {}))[row.message_id]
            assert row.head == HEAD
            assert row.has_file == (number is not None)
            if number is not None:
                with closing(await engine.open_dispatch(account, row.number)) as file:
                    assert await file.read(0, 10_000) == text_of(number)
        if rows:
            assert account in await engine.accounts_with_mail()


async def check_sweep(engine: SqliteEngine, spool: str, promised: PromisedPost) -> None:
    """A checkpoint leaves those files of the queue that a line names."""
    await engine.sweep_queues()
    expected = set()
    for account in promised.account_names:
        expected |= {f"{account}-{row.number}." for row in await engine.dispatches(account) if row.has_file}
    assert {path.name for path in Path(spool).glob("queue/?/?/*")} == expected


async def check_retry(engine: SqliteEngine, client: PostClient, coming: PromisedPost) -> None:
    """An MTA that was told nothing tries again: nothing is lost, and nothing is there twice."""
    if not coming.posts:
        return
    post = coming.posts[-1]
    await client.post(post)
    for mailbox, number in post.deposits:
        rows = await message_rows(engine, post.account, mailbox)
        texts = [await read(engine, post.account, mailbox, row.uid) for row in rows]
        assert texts.count(text_of(number)) == 1
    queued = [row.message_id for row in await engine.dispatches(post.account)]
    for message_id, _ in post.mails:
        assert queued.count(message_id) == 1
    notes = [number for number, row in await engine.work() if row.kind == MAIL_TO_SEND]
    assert {row.work for row in await engine.dispatches(post.account)} <= set(notes)


async def check_put_aside(engine: SqliteEngine, spool: str, promised: PromisedPost) -> None:
    """Who rebuilds an account loses no mail that waited there, though nobody sends it any more."""
    before = {path.name: path.read_bytes() for path in Path(spool).glob("queue/?/?/*")}
    for account, name in promised.account_names.items():
        await engine.recreate_account(account, name)
        assert await engine.dispatches(account) == []
    after = {path.name.partition("aside")[0]: path.read_bytes() for path in Path(spool).glob("queue/?/?/*.aside-*")}
    assert after == before
