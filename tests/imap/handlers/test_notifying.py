"""Items of new messages, told to a client of NOTIFY."""

import asyncio
from pathlib import Path

from tests.imap.transcript import Connection, log_in, open_services
from tests.operations.logins.plainlogins import PASSWORD

from angarium.engine.rows import ModSeq
from angarium.sequenceset import UidSet
from angarium.store import Updates


def test_items_of_a_new_message_that_has_vanished_meanwhile_are_not_told(tmp_path: Path) -> None:
    """It came and went while the same changes were being told, so its EXISTS, VANISHED and FETCH are due at once."""

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            other = Connection(services, "other", is_tls=False, by_octet=False)
            await other.ask(f"a LOGIN alice {PASSWORD}")
            await alice.ask("a ENABLE UIDONLY")
            await alice.ask("b SELECT INBOX")
            await alice.ask("c NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge))")
            await other.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            await alice.tell()
            assert alice.pending_lines() == ["* 1 EXISTS", r"* 1 RECENT", r"* 1 UIDFETCH (FLAGS (\Recent))"]
            await other.ask("b SELECT INBOX")
            await other.ask(r"c STORE 1 +FLAGS (\Deleted)")
            await alice.tell()
            alice.pending_lines()
            notification = alice.session.notification
            assert notification is not None
            notification.note(Updates(new=UidSet.from_numbers([1]), since=ModSeq(1)))
            await other.ask("d EXPUNGE")
            await alice.tell()
            assert alice.pending_lines() == ["* VANISHED 1"]
            await alice.close()
            await other.close()

    asyncio.run(talk())
