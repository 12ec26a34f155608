"""AUTH: exchanges of mechanisms, and what is named in them."""

import asyncio
import base64
import itertools

import pytest
from tests.operations.logins.plainlogins import PASSWORD
from tests.pop3.office import Client, Office, settings

from angarium.sasl.client import ClientSetting, begin_client

READY = b"+OK Mailbox locked and ready"


async def authenticated(client: Client, mechanism: str, authcid: str, *, authzid: str | None = None) -> bytes:
    """The answer at the end of an exchange without an initial response."""
    nonces = itertools.count()
    setting = ClientSetting(
        service="pop",
        host="mail.example.org",
        nonce=lambda: f"nonce{next(nonces)}",
        authcid=authcid,
        password=PASSWORD,
        authzid=authzid,
    )
    machine = begin_client(mechanism, setting)
    first = machine.start()
    answer = await client.do(b"AUTH " + mechanism.encode())
    while answer.startswith(b"+ "):
        challenge = base64.b64decode(answer[2:])
        response = machine.step(challenge) if first is None or challenge else first
        first = None
        answer = await client.do(base64.b64encode(response))
    return answer


async def test_a_refused_login_is_one_line_of_the_log(
    plain_office: Office, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with plain_office.client() as client:
        assert (await client.do(b"AUTH PLAIN " + base64.b64encode(b"\0alice\0wrong"))).startswith(b"-ERR")
        await client.do(b"AUTH PLAIN")
        assert (await client.do(b"*")).startswith(b"-ERR")
        plain_office.full.add("alice")
        right = base64.b64encode(f"\0alice\0{PASSWORD}".encode())
        assert (await client.do(b"AUTH PLAIN " + right)).startswith(b"-ERR")
        await client.do(b"AUTH NONSENSE")
    messages = [record for record in caplog.records if record.message in ("login", "command_refused")]
    assert [record.message for record in messages] == ["login", "login", "login", "command_refused"]
    assert messages[0].__dict__["service"] == messages[-1].__dict__["service"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
@pytest.mark.parametrize(
    ("user", "folder"), [("alice", ""), ("alice+Work", "Work"), ("alice+Work/Old", "Work.Old"), ("alice+", "")]
)
async def test_a_mailbox_may_be_named_with_the_user(
    plain_office: Office, runner: asyncio.Runner, mechanism: str, user: str, folder: str
) -> None:
    office = plain_office
    office.settings = settings("popsubfolders: yes\nsasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5")
    office.with_secrets()
    for below in ("Work", "Work.Old"):
        await office.world.create(f"user.alice.{below}", "alice lrswipkxtean")
    async with office.client() as client:
        assert (await authenticated(client, mechanism, user)).startswith(READY)
        (seat,) = office.seats.values()
        assert (seat.user, seat.mailbox) == ("alice", f"user.alice.{folder}".rstrip("."))


@pytest.mark.parametrize("mechanism", [b"CRAM-MD5", b"DIGEST-MD5"])
async def test_a_mechanism_in_which_the_server_begins_takes_no_initial_response(
    plain_office: Office, runner: asyncio.Runner, mechanism: bytes
) -> None:
    """RFC 5034 §4."""
    plain_office.with_secrets()
    async with plain_office.client() as client:
        assert (await client.do(b"AUTH " + mechanism + b" AAAA")).startswith(b"-ERR ")
        assert (await client.do(b"AUTH " + mechanism)).startswith(b"+ ")
        assert await client.do(b"*") == b"-ERR Client canceled authentication"
        assert await client.do(b"STAT") == b"-ERR Unrecognized command"


@pytest.mark.parametrize("user", ["alice+Work", "cyrus"])
async def test_who_acts_for_another_says_which_mailbox(plain_office: Office, runner: asyncio.Runner, user: str) -> None:
    plain_office.settings = settings("popsubfolders: yes")
    await plain_office.world.create("user.alice.Work", "alice lrswipkxtean")
    async with plain_office.client() as client:
        answer = await authenticated(client, "PLAIN", user, authzid="alice+Work" if user == "cyrus" else "bob+Work")
        # alice may not act for bob.
        assert answer.startswith(READY if user == "cyrus" else b"-ERR [AUTH]")
        (seat,) = plain_office.seats.values()
        assert (seat.user, seat.mailbox) == (("alice", "user.alice.Work") if user == "cyrus" else ("", ""))


async def test_without_the_option_a_plus_belongs_to_the_name(plain_office: Office, runner: asyncio.Runner) -> None:
    await plain_office.world.create("user.alice.Work", "alice lrswipkxtean")
    async with plain_office.client() as client:
        assert not (await authenticated(client, "PLAIN", "alice+Work")).startswith(b"+OK")
        assert all(seat.user == "" for seat in plain_office.seats.values())
