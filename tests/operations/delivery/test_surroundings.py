"""Deliveries with what stands around them: scanners, annotators, spam filters in front, users who are new."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.operations.delivery.office import MAIL, Office, mail
from tests.operations.delivery.test_deliver import where
from tests.operations.hooks.peers import read_stream, serving
from tests.operations.messages.conftest import ANONYMOUS, World
from tests.operations.messages.test_trace import TRACE

from angarium.config.options import ClamdSocket, HookSettings, InfectedMail, UnscannedMail
from angarium.errors import DeliveryRefused, ScannerUnavailable, UserNotFound
from angarium.operations.delivery import Delivered, DeliveryContext, Letter, Outcome, deliver, find_recipient
from angarium.operations.hooks import Annotator, VirusScanner
from angarium.operations.messages import DeliveryTarget, IncomingMessage, MessageLimits, Recipient

YES_IS_10 = "sieve_spamtest_text_values: No=1 Yes=10"
FILE_ALL = 'require "fileinto"; fileinto "work";'


async def found(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_stream(reader)
    writer.write(b"stream: Test.Virus FOUND\0")


async def send(context: DeliveryContext, targets: list[DeliveryTarget]) -> list[Outcome]:
    partitions = {target.partition for target in targets}
    async with IncomingMessage.delivered(context.store, partitions, TRACE, limits=MessageLimits()) as incoming:
        incoming.write(MAIL)
        letter = Letter(sender=ANONYMOUS, return_path="bob@example.net", message=await incoming.finish())
        return await deliver(context, letter, targets)


@asynccontextmanager
async def scanned(world: World, tmp_path: Path, **settings: object) -> AsyncIterator[tuple[Office, DeliveryContext]]:
    office = Office.open(world)
    async with serving(tmp_path / "clamd", found):
        hooks = HookSettings(virus_scan=ClamdSocket(tmp_path / "clamd"), **settings)  # type: ignore[arg-type]
        yield office, replace(office.context, scanner=VirusScanner(hooks))


async def test_an_infected_message_is_refused_for_all(world: World, tmp_path: Path) -> None:
    async with scanned(world, tmp_path) as (office, context):
        with pytest.raises(DeliveryRefused, match=r"Test\.Virus"):
            await send(context, await office.resolve("alice", "bob"))
    assert await world.flags("user.alice") == {}


async def test_an_infected_message_is_forgotten(world: World, tmp_path: Path) -> None:
    async with scanned(world, tmp_path, virus_scan_infected=InfectedMail.DISCARD) as (office, context):
        assert await send(context, await office.resolve("alice", "bob")) == [Delivered(()), Delivered(())]
    assert await world.flags("user.alice") == {}


async def test_in_quarantine_no_script_sees_it(world: World, tmp_path: Path) -> None:
    async with scanned(world, tmp_path, virus_scan_infected=InfectedMail.QUARANTINE) as (office, context):
        await office.script("alice", FILE_ALL)
        (outcome,) = await send(context, await office.resolve("alice"))
    assert where(outcome) == ["user.alice"]
    assert await world.flags("user.alice") == {1: {"$Virus"}}
    octets = await world.octets("user.alice", 1)
    field = b"X-Virus-Status: Infected (Test.Virus)\r\n"
    assert octets.count(field + b"\r\n") == 1
    assert octets.replace(field, b"").endswith(MAIL)


async def test_without_an_answer_of_the_scanner_mail_waits(world: World, tmp_path: Path) -> None:
    office = Office.open(world)
    hooks = HookSettings(virus_scan=ClamdSocket(tmp_path / "nothing"))
    context = replace(office.context, scanner=VirusScanner(hooks))
    with pytest.raises(ScannerUnavailable):
        await send(context, await office.resolve("alice"))
    hooks = replace(hooks, virus_scan_unavailable=UnscannedMail.DELIVER)
    context = replace(office.context, scanner=VirusScanner(hooks))
    (outcome,) = await send(context, await office.resolve("alice"))
    assert where(outcome) == ["user.alice"]


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_an_annotator_says_what_a_delivery_gets(world: World, tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int(await reader.readline())
        await reader.readexactly(size + 2)
        writer.write(b'(+FLAGS noted ANNOTATION (/comment (value.shared "seen by us")))')

    office = Office.open(world)
    socket = tmp_path / "annotator"
    async with serving(socket, answer):
        context = replace(office.context, annotator=Annotator(HookSettings(annotation_callout=socket)))
        (outcome,) = await send(context, await office.resolve("alice"))
    assert where(outcome) == ["user.alice"]
    assert await world.flags("user.alice") == {1: {"noted"}}


@pytest.mark.parametrize(
    ("options", "value", "is_filed"),
    [
        ("sieve_spamtest_status_header: X-Spam-Score", "9.5", True),
        ("sieve_spamtest_status_header: X-Spam-Score", "2", False),
        ("sieve_spamtest_status_header: X-Spam-Score: score=([0-9.]+)", "yes score=8.1 of 5", True),
        (
            "sieve_spamtest_status_header: X-Spam-Score\nsieve_spamtest_status_type: text\n" + YES_IS_10,
            "Yes",
            True,
        ),
        ("sieve_spamtest_status_header: X-Spam-Level\nsieve_spamtest_status_type: strlen", "*****", False),
        ("", "9.5", False),
    ],
)
async def test_what_a_spam_filter_wrote_is_tested(
    memory_world: World, options: str, value: str, is_filed: bool
) -> None:
    office = Office.open(memory_world, options)
    script = (
        'require ["spamtest","relational","comparator-i;ascii-numeric","fileinto"];'
        ' if spamtest :value "ge" :comparator "i;ascii-numeric" "7" { fileinto "work"; }'
    )
    await office.script("alice", script)
    octets = mail("1@example.net", f"X-Spam-Score: {value}", f"X-Spam-Level: {value}")
    (outcome,) = await office.send("alice", octets=octets)
    assert where(outcome) == (["user.alice.work"] if is_filed else ["user.alice"])


async def find(office: Office, address: str) -> DeliveryTarget:
    return await find_recipient(office.context, ANONYMOUS, Recipient.parse(address))


async def test_mail_makes_a_new_user_where_it_may(world: World) -> None:
    quiet = Office.open(world, "autocreate_quota: 1000")
    with pytest.raises(UserNotFound):
        await find(quiet, "newcomer")
    office = Office.open(world, "autocreate_quota: 1000\nautocreate_post: yes\nautocreate_inbox_folders: Sent|Junk")
    assert (await find(office, "newcomer+work@example.org")).name.internal == "user.newcomer"
    assert (await find(office, "newcomer")).name.internal == "user.newcomer"
    with pytest.raises(UserNotFound):
        await find(office, "+nothing")


async def test_a_new_user_has_the_script_of_new_users(world: World, tmp_path: Path) -> None:
    script = tmp_path / "default.sieve"
    script.write_text("discard;")
    options = f"autocreate_quota: 0\nautocreate_post: yes\nautocreate_sieve_script: {script}"
    office = Office.open(world, options)
    (outcome,) = await send(office.context, [await find(office, "newcomer")])
    assert outcome == Delivered(())


async def test_lists_outside_are_asked(world: World, tmp_path: Path) -> None:
    (tmp_path / "friends").write_text("bob@example.net\n")
    office = Office.open(world, f"sieve_lists: {tmp_path}")
    script = (
        'require ["extlists","envelope","fileinto"];'
        ' if envelope :list "from" "urn:angarium:list:friends" { fileinto "work"; }'
    )
    await office.script("alice", script)
    assert where((await office.send("alice"))[0]) == ["user.alice.work"]
    (outcome,) = await office.send("alice", octets=mail("2@x"), return_path="eve@example.net")
    assert where(outcome) == ["user.alice"]


async def test_mail_is_redirected_to_the_members_of_a_list(world: World, tmp_path: Path) -> None:
    (tmp_path / "team").write_text("carol@example.com\ndave@example.com\nno address\n")
    office = Office.open(world, f"sieve_lists: {tmp_path}")
    await office.script("alice", 'require ["extlists"]; redirect :list "urn:angarium:list:team";')
    await office.send("alice@example.org")
    recipients = [row.recipients for row in await office.queue()]
    assert recipients == [("carol@example.com",), ("dave@example.com",)]
