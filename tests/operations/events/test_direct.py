"""Events that are in no log."""

import asyncio
from dataclasses import replace

from tests.engine.contract.conftest import TestSources
from tests.operations.events.sites import EVERYTHING, FakeSink

from angarium.config import EventParameter
from angarium.engine.rows import ModSeq, QuotaResource, QuotaRow
from angarium.names import MailboxName
from angarium.operations.events import AccessEvents, Connection
from angarium.operations.events.names import EventName

CONNECTION = Connection("imaps", "192.0.2.7", "192.0.2.1", 993, "session-1")


async def told(events: AccessEvents) -> None:
    task = asyncio.create_task(events.run())
    async with asyncio.timeout(10):
        await events.emptied()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_who_comes_and_goes_is_told(runner: asyncio.Runner) -> None:
    sink = FakeSink()
    events = AccessEvents(EVERYTHING, [sink], TestSources())
    events.logged_in("ann", CONNECTION)
    events.logged_out("ann", CONNECTION)
    await told(events)
    login, logout = [dict(each.members) for each in sink.told]
    assert login.pop("vnd.angarium.eventId") != logout["vnd.angarium.eventId"]
    assert str(login.pop("timestamp")).startswith("2023-11-1")
    assert login.pop("pid")
    assert login == {
        "event": "Login",
        "uri": "imap://mail.example.org",
        "serverDomain": "192.0.2.1",
        "serverPort": 993,
        "service": "imaps",
        "clientAddress": "192.0.2.7",
        "vnd.cmu.sessionId": "session-1",
        "user": "ann",
        "serverFQDN": "mail.example.org",
    }
    assert logout["event"] == "Logout"


async def test_what_a_full_quota_keeps_out_is_told(runner: asyncio.Runner) -> None:
    sink = FakeSink()
    events = AccessEvents(replace(EVERYTHING, parameters=frozenset[EventParameter]()), [sink], TestSources())
    used = dict.fromkeys(QuotaResource, 2048)
    quota = QuotaRow("", {QuotaResource.STORAGE: 2, QuotaResource.MAILBOX: 3}, used, ModSeq(1))
    events.quota_exceeded(MailboxName.from_internal("user.ann.work"), quota)
    await told(events)
    (members,) = [each.members for each in sink.told]
    assert members["uri"] == "imap://mail.example.org/user/ann/work"
    assert (members["diskQuota"], members["diskUsed"], members["user"]) == (2, 2, "ann")
    assert "timestamp" not in members
    assert "maxMessages" not in members


async def test_events_that_are_off_are_not_told(runner: asyncio.Runner) -> None:
    sink = FakeSink()
    events = AccessEvents(replace(EVERYTHING, events=frozenset({EventName.LOGOUT})), [sink], TestSources())
    events.logged_in("ann", CONNECTION)
    events.logged_out("ann", CONNECTION)
    await told(events)
    assert sink.names == ["Logout"]


async def test_a_sink_that_fails_loses_its_own_and_those_that_are_too_many_are_lost(runner: asyncio.Runner) -> None:
    failing, taking = FakeSink("failing", failures=1), FakeSink("taking")
    events = AccessEvents(EVERYTHING, [failing, taking], TestSources())
    for _ in range(1500):
        events.logged_in("ann", CONNECTION)
    await told(events)
    assert (len(failing.told), len(taking.told)) == (999, 1000)
