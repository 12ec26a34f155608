"""QRESYNC: whoever comes back, at whatever moment, ends with what is there."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.imap.handlers.resyncclient import ResyncClient
from tests.imap.transcript import Connection, log_in, open_services

from angarium.engine.commands import PurgeMessages
from angarium.imap.services import ImapServices
from angarium.names import MailboxName

_RIGHTS = "lrswipkxte"
_FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "$Work")
_FAR = 1 << 40
_OTHERS = ("append", "append", "store", "seen", "expunge", "expunge", "expunge", "move", "purge", "purge", "purge some")
_OWN = (
    *("noop", "store by number", "silent by number", "uid store", "fetch", "fetch text", "search", "own expunge"),
    *("uid expunge", "idle", "offline", "offline", "break"),
)
_ACTIONS = st.tuples(
    st.sampled_from((*_OTHERS, *_OWN)),
    st.integers(0, 30),
    st.integers(0, 30),
)


class Site:
    """alice's INBOX, which bob may use too; the client is one of them, and two sessions change things behind it."""

    def __init__(self, services: ImapServices, user: str) -> None:
        self.services = services
        self.user = user
        self.mailbox = "INBOX" if user == "alice" else '"Other Users/alice"'

    async def open(self) -> None:
        self.owner = await log_in(self.services, "alice")
        await self.owner.ask(f"a SETACL INBOX bob {_RIGHTS}")
        self.same = await log_in(self.services, self.user)
        self.client = ResyncClient(self.services, self.user, self.mailbox)
        await self.owner.ask("a SELECT INBOX")
        await self.same.ask(f"a SELECT {self.mailbox}")

    async def change(self, action: str, first: int, second: int) -> None:
        """Somebody else does something."""
        sign = "+-"[second % 2]
        flag = _FLAGS[second % len(_FLAGS)]
        match action:
            case "append":
                await self.owner.ask(b"a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            case "store":
                await self._ask(self.owner, f"STORE {first + 1}:{first + 2} {sign}FLAGS.SILENT ({flag})")
            case "seen":
                await self._ask(self.same, f"STORE {first + 1} {sign}FLAGS (\\Seen)")
            case "expunge":
                await self._ask(self.owner, f"STORE {first % 5 + 1} +FLAGS.SILENT (\\Deleted)")
                await self.owner.ask("a EXPUNGE")
            case "move":
                await self._ask(self.same, f"MOVE {first + 1} {self.mailbox}")
            case _:
                tree, entry = await self.services.store.locate(MailboxName.from_internal("user.alice"))
                limit = 1 + first % 3 if action == "purge some" else 1000
                await self.services.store.engine.write(tree.account, PurgeMessages(entry.row.id, _FAR, limit))
                if second % 2:
                    self.services.store.views.drop_all()  # as in another worker, which remembers nothing

    async def _ask(self, connection: Connection, command: str) -> None:
        (*_, answer) = await connection.ask(f"a {command}")
        assert answer.startswith(("a OK", "a NO")), (command, answer)

    async def act(self, action: str, first: int, second: int) -> None:
        """The client does something, if it is there; else it comes back."""
        client = self.client
        if not client.is_online:
            if first % 3:
                await self.change(_OTHERS[second % len(_OTHERS)], first, second)  # much happens while one is away
            else:
                await self.come_back(first, second, breaks_after=first if action == "break" else None)
            return
        number = first % max(1, len(client.numbers)) + 1
        uid = ([uid for uid in client.numbers if uid is not None] or [1])[0] + second % 5
        flag = _FLAGS[second % len(_FLAGS)]
        commands = {
            "noop": "NOOP",
            "idle": "IDLE\r\nDONE",
            "store by number": f"STORE {number} +FLAGS ({flag})",
            "silent by number": f"STORE {number}:* -FLAGS.SILENT ({flag})",
            "uid store": f"UID STORE {uid}:* -FLAGS ({flag})",
            "fetch": f"FETCH {number}:* (FLAGS MODSEQ)",
            "fetch text": f"FETCH {number} (BODY[TEXT] MODSEQ)",
            "search": "SEARCH ALL",
            "own expunge": "EXPUNGE",
            "uid expunge": f"UID EXPUNGE {uid}:*",
            "break": ("NOOP", f"STORE {number} +FLAGS ({flag})", "EXPUNGE", "UID SEARCH ALL")[second % 4],
        }
        if action == "offline":
            await client.go_offline()
        else:
            await client.ask(commands[action], breaks_after=first % 4 if action == "break" else None)

    async def come_back(self, first: int, second: int, *, breaks_after: int | None = None) -> None:
        known = ("", f"1:{max(self.client.cache, default=0) + 1 + second}")[first % 2]
        await self.client.come_back(known=known, pairs=second % 3 == 0, breaks_after=breaks_after)

    async def settle(self) -> None:
        """What the client has at the end, against what somebody who knows nothing is told."""
        client = self.client
        if not client.is_online:
            await self.come_back(0, 1)
        await client.learn()
        fresh = ResyncClient(self.services, self.user, self.mailbox)
        await fresh.come_back()
        assert client.cache == fresh.cache
        assert client.numbers == fresh.numbers
        # And once more, after a night offline in which nothing happened.
        await client.go_offline()
        await self.come_back(1, 0)
        assert client.cache == fresh.cache


@pytest.mark.parametrize("user", ["alice", "bob"])
@pytest.mark.parametrize(("kind", "examples"), [("memory", 60), ("suspending", 15), ("sqlite", 15)])
def test_who_comes_back_ends_with_what_is_there(kind: str, examples: int, user: str) -> None:
    # A failure is told as it came: to shrink one takes minutes.
    @settings(max_examples=examples, deadline=None, phases=(Phase.generate,))
    @given(st.lists(_ACTIONS, min_size=40, max_size=60))
    def comes_back(actions: list[tuple[str, int, int]]) -> None:
        asyncio.run(_live(kind, user, actions))

    comes_back()


async def _live(kind: str, user: str, actions: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as directory:
        async with open_services(kind, Path(directory)) as services:
            site = Site(services, user)
            await site.open()
            for _ in range(4):
                await site.change("append", 0, 0)
            await site.client.come_back()
            for action, first, second in actions:
                if action in _OTHERS:
                    await site.change(action, first, second)
                else:
                    await site.act(action, first, second)
            await site.settle()
