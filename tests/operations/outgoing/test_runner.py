import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from tests.operations.outgoing.conftest import (
    DAY_S,
    HEAD,
    RECIPIENT,
    SENDER,
    Queue,
    all_later,
    all_refused,
    all_sent,
    until,
    until_empty,
)

from angarium.compose import Original
from angarium.engine.commands import Command, RemoveDispatch, Result
from angarium.engine.disk import FileLock
from angarium.engine.interface import OUTGOING
from angarium.engine.rows import AccountId
from angarium.errors import DiskFull
from angarium.operations.outgoing import (
    Answer,
    Letter,
    Outcome,
    QueueOptions,
    Sending,
    TransportUnavailable,
    queued_mail,
    retry_mail,
)
from angarium.operations.outgoing.runner import AUTHOR, BATCH, PAUSE_S, RETRY

WAITS_S = (60, 120, 240, 480, 960, 1920, 3600, 3600)


def unavailable(_letter: Letter) -> Sending:
    raise TransportUnavailable("connection refused")


async def test_mail_is_sent_once_and_leaves_the_queue(queue: Queue) -> None:
    runner = queue.runner()
    await queue.put(parameters=(("NOTIFY", "NEVER"),))
    await queue.put("bob", sender="", octets=b"Return-Path: <x@y>\r\nA: b\r\n\r\nbody\r\n", offset=20, head=b"X: y\r\n")
    await queue.run(runner)
    await queue.run(runner)
    first, second = queue.transport.letters
    assert (first.sender, first.recipients, first.content) == (SENDER, (RECIPIENT,), HEAD)
    assert (first.parameters, first.userid) == ({"NOTIFY": "NEVER"}, "alice")
    assert (second.sender, second.content, second.userid) == ("", b"X: y\r\nA: b\r\n\r\nbody\r\n", "bob")
    assert await queue.rows() == await queue.rows("bob") == []
    assert await queue.world.engine.work() == []
    assert queue.counted == {"sent": 2, "postponed": 0, "failed": 0}


async def test_mail_that_fails_for_now_is_tried_at_growing_intervals(queue: Queue) -> None:
    runner = queue.runner()
    queue.transport.plan = all_later
    await queue.put()
    for attempts, wait in enumerate(WAITS_S, 1):
        await queue.run(runner)
        (row,) = await queue.rows()
        assert (row.attempts, row.last_error) == (attempts, "451 try again")
        assert row.next_attempt_s == queue.world.sources.now_s() + wait
        queue.pass_time(wait - 1)
        await queue.run(runner)
        assert len(queue.transport.letters) == attempts
        queue.pass_time(1)
    queue.transport.plan = all_sent
    await queue.run(runner)
    assert await queue.rows() == []


async def test_each_recipient_has_its_own_fate(queue: Queue) -> None:
    fates = {
        "sent@x": Answer(Outcome.SENT, "250 ok"),
        "later@x": Answer(Outcome.LATER, "450 busy"),
        "never@x": Answer(Outcome.NEVER, "550 5.1.1 unknown", "5.1.1", "mx.x"),
    }
    runner = queue.runner()
    queue.transport.plan = lambda _: Sending(fates)
    await queue.put(recipients=tuple(fates))
    await queue.run(runner)
    waiting, report = await queue.rows()
    assert (waiting.recipients, waiting.last_error) == (("later@x",), "450 busy")
    assert (report.purpose, report.sender, report.recipients) == ("report", "", (SENDER,))
    assert b"never@x" in report.head
    assert b"later@x" not in report.head
    # Of the sender of the report nothing is said, either.
    assert queue.counted == {"sent": 1, "postponed": 2, "failed": 1}


async def test_a_recipient_of_whom_nothing_was_said_is_tried_again(queue: Queue) -> None:
    queue.transport.plan = lambda _: Sending({})
    await queue.put()
    await queue.run(queue.runner())
    assert (await queue.rows())[0].recipients == (RECIPIENT,)


async def test_a_sender_is_told_of_mail_that_is_refused_for_good(queue: Queue) -> None:
    runner = queue.runner()
    queue.transport.plan = all_refused
    octets = b"Return-Path: <x@y>\r\nSubject: lunch\r\nMessage-ID: <va1@x>\r\n\r\nsecret\r\n"
    await queue.put(octets=octets, offset=20, head=b"X-Sieve-Action: redirect\r\n")
    await queue.run(runner)
    # The report itself has no sender, so nobody is told that it was refused, too.
    assert await queue.rows() == []
    _, report = queue.transport.letters
    assert (report.sender, report.recipients) == ("", (SENDER,))
    for said in (b"Subject: lunch", b"5.1.1", b"rfc822; bob@example.com", b"550 5.1.1 no such user", b"mx.example.com"):
        assert said in report.content
    assert b"secret" not in report.content
    assert b"Return-Path" not in report.content


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"purpose": "notify"}, True),
        ({"sender": ""}, False),
        ({"purpose": "vacation"}, False),
        ({"purpose": "reject"}, False),
        ({"purpose": "report"}, False),
        ({"purpose": "notice"}, False),
        ({"parameters": (("NOTIFY", "NEVER"),)}, False),
        ({"parameters": (("NOTIFY", "SUCCESS,DELAY"),)}, False),
        ({"parameters": (("NOTIFY", "SUCCESS,FAILURE"),)}, True),
    ],
)
async def test_who_is_told_of_a_failure(plain_queue: Queue, changes: dict[str, str], is_told: bool) -> None:
    queue = plain_queue
    queue.transport.plan = all_refused
    await queue.put(**changes)  # type: ignore[arg-type]  # from the table
    await queue.run(queue.runner())
    assert (len(queue.transport.letters) == 2) is is_told


async def test_a_report_goes_to_the_true_sender(plain_queue: Queue) -> None:
    queue = plain_queue
    rewriter = queue.rewriting()
    queue.transport.plan = all_refused
    await queue.put(sender=rewriter.forward(SENDER, now_s=queue.world.sources.now_s()))
    await queue.run(queue.runner())
    assert queue.transport.letters[1].recipients == (SENDER,)


async def test_mail_is_given_up_after_its_time(queue: Queue) -> None:
    runner = queue.runner()
    queue.transport.plan = all_later
    await queue.put(lifetime_s=3600)
    for _ in range(6):
        await queue.run(runner)
        queue.pass_time(600)
    queue.transport.letters.clear()
    queue.transport.plan = all_sent
    await queue.run(runner)
    (report,) = queue.transport.letters
    assert report.recipients == (SENDER,)
    assert b"4.4.7" in report.content
    assert b"451 try again" in report.content
    assert await queue.rows() == []


async def test_mail_whose_time_is_over_before_it_was_tried_is_tried_once(plain_queue: Queue) -> None:
    queue = plain_queue
    await queue.put(lifetime_s=60)
    queue.pass_time(DAY_S)
    await queue.run(queue.runner())
    assert queue.transport.letters[0].recipients == (RECIPIENT,)
    assert await queue.rows() == []


async def test_a_transport_that_is_out_of_order_is_asked_by_one_mail_at_a_time(plain_queue: Queue) -> None:
    queue = plain_queue
    asked = 0

    def count(letter: Letter) -> Sending:
        nonlocal asked
        asked += 1
        return unavailable(letter)

    runner = queue.runner()
    queue.options = replace(queue.options, parallel=1)
    queue.transport.plan = count
    for user in ("alice", "bob"):
        for _ in range(3):
            await queue.put(user)
    await queue.run(runner)
    assert asked == 1
    queue.pass_time(PAUSE_S - 1)
    await queue.run(runner)
    assert asked == 1
    queue.pass_time(1)
    await queue.run(runner)
    assert asked == 2
    # The pause has grown meanwhile.
    queue.pass_time(PAUSE_S)
    await queue.run(runner)
    assert asked == 2
    queue.transport.plan = all_sent
    queue.pass_time(3 * PAUSE_S)
    await queue.run(runner)
    tried = [row for user in ("alice", "bob") for row in await queue.rows(user)]
    assert all(row.last_error == "connection refused" for row in tried)
    assert len(tried) <= 2
    queue.pass_time(120)
    await queue.run(runner)
    assert await queue.rows() == await queue.rows("bob") == []


async def test_what_fails_at_once_is_one_failure(plain_queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    queue = plain_queue
    runner = queue.runner()
    queue.transport.plan = unavailable
    queue.transport.gate = asyncio.Event()
    await queue.put("alice")
    await queue.put("bob")
    runner.wake()
    await runner.look()
    runner.start_due()
    await until(lambda: len(queue.transport.letters) == 2)
    queue.transport.gate.set()
    await runner.drained()
    pauses = [record for record in caplog.records if record.getMessage() == "transport_unavailable"]
    assert [record.__dict__["pause_s"] for record in pauses] == [PAUSE_S]


async def test_accounts_take_turns(plain_queue: Queue) -> None:
    queue = plain_queue
    queue.options = replace(queue.options, parallel=1)
    for _ in range(3 * BATCH):
        await queue.put("alice")
    await queue.put("bob")
    await queue.run(queue.runner())
    order = [letter.userid for letter in queue.transport.letters]
    assert order.index("bob") == BATCH
    assert len(order) == 3 * BATCH + 1


async def test_an_account_that_hangs_keeps_no_other_waiting(plain_queue: Queue) -> None:
    queue = plain_queue
    runner = queue.runner()
    hanging = asyncio.Event()

    async def hang(letter: Letter) -> Sending:
        if letter.userid == "alice":
            await hanging.wait()
        return all_sent(letter)

    queue.transport.send = hang  # type: ignore[method-assign]  # another transport
    await queue.put("alice")
    await queue.put("bob")
    runner.wake()
    await runner.look()
    runner.start_due()
    await until_empty(queue, "bob")
    assert len(await queue.rows("alice")) == 1
    hanging.set()
    await runner.drained()
    assert await queue.rows("alice") == []


async def test_no_more_are_sent_at_once_than_may(plain_queue: Queue) -> None:
    queue = plain_queue
    queue.options = replace(queue.options, parallel=2)
    for number in range(5):
        await queue.world.add_user(f"u{number}")
        await queue.put(f"u{number}")
    queue.transport.gate = asyncio.Event()
    runner = queue.runner()
    runner.wake()
    await runner.look()
    runner.start_due()
    await until(lambda: len(queue.transport.letters) == 2)
    queue.transport.gate.set()
    await runner.drained()
    assert (queue.transport.most_at_once, len(queue.transport.letters)) == (2, 5)


async def test_a_crash_behind_the_sending_sends_a_second_copy(queue: Queue) -> None:
    engine = queue.world.engine
    first = queue.runner()
    await queue.put()
    write = engine.write

    async def fail(account: AccountId, command: object) -> object:
        if isinstance(command, RemoveDispatch):
            raise DiskFull("no space")
        return await write(account, command)  # type: ignore[arg-type]  # what it was called with

    engine.write = fail  # type: ignore[method-assign,assignment]  # a disk that is full
    await queue.run(first)
    engine.write = write  # type: ignore[method-assign]
    assert len(await queue.rows()) == 1
    await queue.run(queue.runner())
    one, other = queue.transport.letters
    assert one == other
    assert await queue.rows() == []


async def test_mail_that_is_dropped_before_its_turn_is_not_sent(queue: Queue) -> None:
    engine = queue.world.engine
    account = await queue.account()
    await queue.put()
    second = await queue.put()
    send = queue.transport.send

    async def drop(letter: Letter) -> Sending:
        await engine.write(account, RemoveDispatch(second.number, AUTHOR))
        return await send(letter)

    queue.transport.send = drop  # type: ignore[method-assign]  # an administrator, meanwhile
    await queue.run(queue.runner())
    assert len(queue.transport.letters) == 1
    assert await queue.rows() == []


async def test_what_is_left_of_the_time_of_delivery_is_told(plain_queue: Queue) -> None:
    queue = plain_queue
    runner = queue.runner()
    queue.transport.plan = all_later
    await queue.put(parameters=(("BY", "100;R"),))
    await queue.put("bob", parameters=(("BY", "50;N"),))
    await queue.run(runner)
    queue.pass_time(60)
    await queue.run(runner)
    said = [letter.parameters["BY"] for letter in queue.transport.letters]
    assert sorted(said) == ["-10;N", "100;R", "40;R", "50;N"]
    queue.pass_time(120)
    queue.transport.letters.clear()
    await queue.run(runner)
    (report,) = [letter for letter in queue.transport.letters if letter.sender == ""]
    assert b"5.4.7" in report.content


async def test_a_lost_time_of_delivery_is_reported(plain_queue: Queue) -> None:
    queue = plain_queue
    queue.transport.plan = lambda letter: replace(all_sent(letter), deliver_by_lost=True)
    await queue.put(parameters=(("BY", "50;N"),))
    await queue.run(queue.runner())
    _, report = queue.transport.letters
    assert b"Action: relayed" in report.content


async def test_new_mail_of_an_account_that_waits_is_sent_at_once(queue: Queue) -> None:
    runner = queue.runner()
    queue.transport.plan = all_later
    await queue.put()
    await queue.run(runner)
    queue.transport.plan = all_sent
    await queue.put(recipients=("second@x",))
    await queue.run(runner)
    assert [letter.recipients for letter in queue.transport.letters] == [(RECIPIENT,), ("second@x",)]
    assert len(await queue.rows()) == 1


async def test_mail_that_is_to_be_tried_now_is(queue: Queue) -> None:
    runner = queue.runner()
    end = queue.world.engine.subscribe(runner.announced)
    queue.transport.plan = all_later
    await queue.put()
    await queue.run(runner)
    await runner.look()
    queue.transport.plan = all_sent
    (mail,) = [each async for each in queued_mail(queue.world.engine)]
    await retry_mail(queue.world.engine, mail, queue.world.sources)
    await runner.look()
    runner.start_due()
    await runner.drained()
    assert await queue.rows() == []
    queue.pass_time(60)
    await queue.run(runner)
    assert await queue.world.engine.work() == []
    end()


async def test_mail_that_is_to_be_tried_now_waits_for_no_pause(queue: Queue) -> None:
    runner = queue.runner()
    end = queue.world.engine.subscribe(runner.announced)
    queue.transport.plan = unavailable
    await queue.put()
    await queue.run(runner)
    assert (await queue.rows())[0].last_error == "connection refused"
    (mail,) = [each async for each in queued_mail(queue.world.engine)]

    await retry_mail(queue.world.engine, mail, queue.world.sources)
    await queue.run(runner)
    assert len(queue.transport.letters) == 2
    # One wish is one attempt, though its note stays for a while.
    await queue.put("bob")
    await queue.run(runner)
    assert len(queue.transport.letters) == 2

    queue.transport.plan = all_sent
    await retry_mail(queue.world.engine, mail, queue.world.sources)
    await queue.run(runner)
    assert await queue.rows() == await queue.rows("bob") == []
    end()


async def test_the_runner_hears_of_new_mail(queue: Queue) -> None:
    runner = queue.runner()
    end = queue.world.engine.subscribe(runner.announced)
    runner.start()
    try:
        await queue.put()
        await until_empty(queue)
        await queue.put("bob")
        await until_empty(queue, "bob")
    finally:
        end()
        await runner.close()
    assert len(queue.transport.letters) == 2
    assert FileLock(queue.lease_path).take_at_once()


async def test_one_runner_works_and_the_next_takes_over(plain_queue: Queue) -> None:
    queue = plain_queue
    lock = FileLock(queue.lease_path)
    assert lock.take_at_once()
    runner = queue.runner()
    runner.start()
    await queue.put()
    for _ in range(10):
        await asyncio.sleep(0.005)
    assert queue.transport.letters == []
    lock.close()
    await until_empty(queue)
    await runner.close()


async def test_a_runner_that_ends_lets_what_is_under_way_be_taken(plain_queue: Queue) -> None:
    queue = plain_queue
    queue.transport.gate = asyncio.Event()
    runner = queue.runner()
    runner.start()
    await queue.put()
    runner.announced(OUTGOING)
    await until(lambda: bool(queue.transport.letters))
    asyncio.get_running_loop().call_soon(queue.transport.gate.set)
    await runner.close()
    assert await queue.rows() == []


async def test_other_announcements_wake_nobody(plain_queue: Queue) -> None:
    queue = plain_queue
    runner = queue.runner()
    await queue.run(runner)
    await queue.put()
    runner.announced(await queue.account())
    await runner.look()
    runner.start_due()
    await runner.drained()
    assert queue.transport.letters == []


async def test_every_mail_is_one_line_of_the_log(plain_queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    queue = plain_queue
    caplog.set_level(logging.INFO)
    row = await queue.put()
    queue.pass_time(7)
    await queue.run(queue.runner())
    (record,) = [each for each in caplog.records if each.getMessage() == "outgoing_sent"]
    fields = record.__dict__
    assert (fields["number"], fields["purpose"], fields["sender"]) == (row.number, "redirect", SENDER)
    assert (fields["recipients"], fields["delay_s"], fields["attempts"]) == (RECIPIENT, 7, 1)
    assert fields["message_id"] == "1@mail.example.org"


async def test_options_are_asked_at_each_mail(plain_queue: Queue) -> None:
    queue = plain_queue
    runner = queue.runner()
    queue.transport.plan = all_refused
    queue.options = QueueOptions(reporter=replace(queue.options.reporter, postmaster="other@mail.example.org"))
    await queue.put()
    await queue.run(runner)
    assert b"<other@mail.example.org>" in queue.transport.letters[1].content


async def test_a_fault_of_ours_with_one_mail_holds_up_no_other(
    plain_queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue = plain_queue

    def trip(letter: Letter) -> Sending:
        if "tripped@x" in letter.recipients:
            raise ValueError("a fault")
        return all_sent(letter)

    queue.transport.plan = trip
    await queue.put(recipients=("tripped@x",))
    await queue.put()
    runner = queue.runner()
    await queue.run(runner)
    (left,) = await queue.rows()
    assert (left.recipients, left.attempts, left.last_error) == (("tripped@x",), 1, "internal error")
    assert "queue_runner_failed" in [each.getMessage() for each in caplog.records]
    queue.transport.plan = all_sent
    queue.pass_time(60)
    await queue.run(runner)
    assert await queue.rows() == []


async def test_a_look_that_fails_ends_no_runner(plain_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = plain_queue
    engine = queue.world.engine
    failures = [OSError("too many open files"), ValueError("a fault")]
    accounts_with_mail = engine.accounts_with_mail

    async def fail_first() -> list[AccountId]:
        if failures:
            raise failures.pop()
        return await accounts_with_mail()

    monkeypatch.setattr(engine, "accounts_with_mail", fail_first)
    await queue.put()
    runner = queue.runner(rescan_s=0)
    runner.start()
    try:
        await until_empty(queue)
    finally:
        await runner.close()
    assert failures == []


async def test_what_was_sent_is_not_sent_again_while_the_queue_takes_nothing(
    plain_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = plain_queue
    engine = queue.world.engine
    write = engine.write
    is_full = True

    async def refuse(account: AccountId, command: Command) -> Result:
        if is_full and isinstance(command, RemoveDispatch):
            raise DiskFull("no space left")
        return await write(account, command)

    monkeypatch.setattr(engine, "write", refuse)
    await queue.put()
    runner = queue.runner()
    for _ in range(3):
        await queue.run(runner)
        queue.pass_time(301)
    assert (len(queue.transport.letters), len(await queue.rows())) == (1, 1)
    is_full = False
    await queue.run(runner)
    assert (len(queue.transport.letters), await queue.rows()) == (1, [])
    assert queue.counted["sent"] == 1


def test_no_message_has_an_id_that_says_that_its_note_stands_for_none() -> None:
    for value in (RETRY, f"<{RETRY}>", f'<"{RETRY}">'):
        assert Original(f"Message-ID: {value}\r\n".encode()).message_id != RETRY


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({"sender": ""}, True),
        ({"parameters": (("NOTIFY", "NEVER"),)}, True),
        ({}, False),
        ({"sender": "", "purpose": "vacation"}, False),
        ({"sender": "", "octets": None}, False),
    ],
)
async def test_what_nobody_can_be_told_of_is_kept(plain_queue: Queue, changes: dict[str, Any], is_kept: bool) -> None:
    queue = plain_queue
    queue.transport.plan = all_refused
    await queue.put(**({"octets": b"Subject: lunch\r\n\r\n", "head": b"X-Sieve-Action: redirect\r\n"} | changes))
    await queue.run(queue.runner())
    assert queue.kept == ([b"Subject: lunch\r\n\r\n"] if is_kept else [])
    assert await queue.rows() == []
