"""AUTHENTICATE and UNAUTHENTICATE."""

import asyncio
import base64
import logging
from collections.abc import Sequence

import pytest
from tests.managesieve.office import PLAIN_ALICE, Office, settings
from tests.operations.logins.plainlogins import PlainLogins
from tests.store.world import World

from angarium.errors import AuthenticationUnavailable, ExchangeFailed, FailureReason
from angarium.operations.logins import Continue, LoggedIn, Over, Peer, UserIn
from angarium.sasl import Failed
from angarium.store import Actor


def plain(authzid: str, authcid: str, password: str = "secret") -> bytes:
    return base64.b64encode(f"{authzid}\0{authcid}\0{password}".encode())


@pytest.mark.parametrize(
    "line",
    [
        b'AUTHENTICATE "PLAIN" "%s"' % PLAIN_ALICE,
        b'authenticate "plain" {20+}\r\n%s' % PLAIN_ALICE,
        b'AUTHENTICATE {5+}\r\nPLAIN "%s"' % PLAIN_ALICE,
    ],
)
async def test_an_initial_response_saves_a_round_trip(office: Office, runner: asyncio.Runner, line: bytes) -> None:
    async with office.client() as client:
        assert await client.do(line) == b"OK\r\n"
        assert b'"OWNER" "alice"' in await client.do(b"CAPABILITY")
        assert [seat.user for seat in office.seats.values()] == ["alice"]


@pytest.mark.parametrize("response", [b'"%s"' % PLAIN_ALICE, b"{20+}\r\n%s" % PLAIN_ALICE])
async def test_without_one_there_is_an_empty_challenge(office: Office, runner: asyncio.Runner, response: bytes) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "PLAIN"\r\n')
        assert await client.line() == b"{0}\r\n\r\n"
        assert await client.do(response) == b"OK\r\n"


async def test_challenges_are_strings(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "LOGIN"\r\n')
        # Never quoted, which sivtest does not understand.
        head, challenge, _ = (await client.line()).split(b"\r\n")
        assert head == b"{%d}" % len(challenge)
        assert base64.b64decode(challenge, validate=True).lower().startswith(b"user")
        client.send(b'"%s"\r\n' % base64.b64encode(b"alice"))
        assert (await client.line()).startswith(b"{")
        assert await client.do(b'"%s"' % base64.b64encode(b"secret")) == b"OK\r\n"


@pytest.mark.parametrize(
    "response",
    [b'"*"', b"*", b'"AAAA', b'"!"', b'"AAA"', b"", b"LOGOUT", b'""', b"{3}", b'"%s"' % plain("", "alice", "wrong")],
)
async def test_a_wrong_response_ends_the_exchange_and_nothing_else(
    office: Office, runner: asyncio.Runner, response: bytes
) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "PLAIN"\r\n')
        await client.line()
        assert await client.do(response) == b'NO "Authentication Error"\r\n'
        assert await client.do(b"LISTSCRIPTS") == b'NO "Authenticate first"\r\n'
        await client.log_in()


async def test_what_was_sent_ahead_of_a_challenge_is_a_response_and_no_command(
    office: Office, runner: asyncio.Runner
) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "PLAIN"\r\nCAPABILITY\r\nNOOP "x"\r\n')
        assert await client.line() == b"{0}\r\n\r\n"
        assert await client.answer() == b'NO "Authentication Error"\r\n'
        assert await client.answer() == b'OK (TAG "x") "Done"\r\n'


async def test_a_group_of_commands_may_begin_with_a_login(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "PLAIN" "%s"\r\nPUTSCRIPT "x" "keep;"\r\nLISTSCRIPTS\r\n' % PLAIN_ALICE)
        assert [await client.answer() for _ in range(3)] == [b"OK\r\n", b"OK\r\n", b'"x"\r\nOK\r\n']


@pytest.mark.parametrize(
    ("options", "mechanism", "answer"),
    [
        ("", b"FOO", b'NO "Authentication Error"\r\n'),
        ("", "PLÄIN".encode(), b'NO "Authentication Error"\r\n'),
        ("allowanonymouslogin: yes", b"ANONYMOUS", b'NO "Authentication Error"\r\n'),
        ("allowplaintext: no", b"PLAIN", b'NO (ENCRYPT-NEEDED) "Encryption needed to use mechanism"\r\n'),
    ],
)
async def test_a_mechanism_that_is_not_offered(
    world: World, runner: asyncio.Runner, options: str, mechanism: bytes, answer: bytes
) -> None:
    office = Office(world, settings(options))
    async with office.client() as client:
        assert mechanism not in client.greeting
        assert await client.do(b'AUTHENTICATE "%s" "%s"' % (mechanism, PLAIN_ALICE)) == answer


async def test_an_administrator_manages_the_scripts_of_whom_she_acts_for(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("admins: cyrus"))
    async with office.client() as client:
        await client.log_in(plain("bob", "cyrus"))
        assert b'"OWNER" "bob"' in await client.do(b"CAPABILITY")
        assert await client.do(b'PUTSCRIPT "x" "keep;"') == b"OK\r\n"
        assert await client.do(b'SETACTIVE "x"') == b"OK\r\n"
    assert (await office.scripts("bob"))["x"].is_active
    assert await office.scripts("alice") == {}
    async with office.client() as client:
        assert await client.do(b'AUTHENTICATE "PLAIN" "%s"' % plain("bob", "alice")) == b'NO "Authentication Error"\r\n'
        await client.log_in(plain("", "cyrus"))
        # She is nobody whose mail could be filtered.
        for line in (b"LISTSCRIPTS", b'PUTSCRIPT "x" "keep;"', b'GETSCRIPT "x"', b'SETACTIVE ""'):
            assert (await client.do(line)).startswith(b'NO "There is no mailbox')


async def test_unauthenticate_goes_back_and_another_user_may_come(
    office: Office, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with office.client() as client:
        await client.log_in()
        await client.do(b'PUTSCRIPT "x" "keep;"')
        assert await client.do(b"UNAUTHENTICATE") == b"OK\r\n"
        assert [seat.user for seat in office.seats.values()] == [""]
        assert await client.do(b"LISTSCRIPTS") == b'NO "Authenticate first"\r\n'
        assert await client.do(b"CAPABILITY") + b"" == client.greeting
        await client.log_in(plain("", "bob"))
        assert await client.do(b"LISTSCRIPTS") == b"OK\r\n"
    ends = [record.__dict__ for record in caplog.records if record.message == "session_ended"]
    assert [(end["user"], end["service"], end["commands"]) for end in ends] == [
        ("alice", "sieve", 3),
        ("bob", "sieve", 4),
    ]
    logins = [record.__dict__ for record in caplog.records if record.message == "login"]
    assert [(each["user"], each["outcome"], each["mechanism"]) for each in logins] == [
        ("alice", "ok", "PLAIN"),
        ("bob", "ok", "PLAIN"),
    ]
    assert len({each["session"] for each in [*ends, *logins]}) == 1


async def test_capabilities_follow_a_login_where_old_clients_want_it(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("sieve_sasl_send_unsolicited_capability: yes"))
    async with office.client() as client:
        await client.log_in()
        answer = await client.answer()
        assert b'"OWNER" "alice"' in answer
        assert answer.endswith(b"\r\nOK\r\n")
        assert await client.do(b"NOOP") == b'OK "Done"\r\n'


async def test_a_user_with_too_many_sessions_is_refused(office: Office, runner: asyncio.Runner) -> None:
    office.full.add("alice")
    async with office.client() as client:
        refusal = b'NO (TRYLATER) "Too many open sessions"\r\n'
        assert await client.do(b'AUTHENTICATE "PLAIN" "%s"' % PLAIN_ALICE) == refusal
        assert await client.do(b"LISTSCRIPTS") == b'NO "Authenticate first"\r\n'
        await client.log_in(plain("", "bob"))


class ProvingExchange:
    """A mechanism of two steps, whose last data go with success."""

    mechanism = "PROVING"

    def __init__(self, actor: Actor, *, final_with_success: bool) -> None:
        self.heard: list[bytes | Failed | None] = []
        self._actor = actor
        self._final_with_success = final_with_success

    async def step(self, response: bytes | Failed | None) -> Continue | LoggedIn:
        self.heard.append(response)
        if isinstance(response, Failed):
            raise ExchangeFailed(response.reason)
        if len(self.heard) == 1:
            return Continue(b"\xff" * 1000)
        assert self._final_with_success
        return LoggedIn(self._actor, self.mechanism, final=b"v=proof")


class ProvingLogins(PlainLogins):
    """Logins with such a mechanism."""

    exchange: ProvingExchange
    refusal: Exception | None = None
    over: Over | None = None

    def mechanisms(self, peer: Peer) -> Sequence[str]:
        assert peer.protocol == "sieve"
        return ("PROVING",)

    def begin(  # type: ignore[override]  # another exchange
        self, mechanism: str, peer: Peer, *, final_with_success: bool = False, user_in: UserIn = str
    ) -> ProvingExchange:
        if self.refusal is not None:
            raise self.refusal
        actor = self._actor
        self.exchange = ProvingExchange(actor, final_with_success=final_with_success)
        return self.exchange

    _actor: Actor

    async def why_over(self, actor: Actor) -> Over | None:
        return self.over


@pytest.fixture
def proving(office: Office, runner: asyncio.Runner) -> ProvingLogins:
    async def make() -> ProvingLogins:
        from angarium.names import parse_userid

        logins = ProvingLogins(office.world.store, office.settings)
        logins._actor = await office.world.store.actor(parse_userid("alice", office.world.store.policy.names))
        return logins

    office.logins = runner.run(make())
    assert isinstance(office.logins, ProvingLogins)
    return office.logins


async def test_the_last_data_of_a_mechanism_go_with_success(
    office: Office, proving: ProvingLogins, runner: asyncio.Runner
) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "PROVING" {0+}\r\n\r\n')
        challenge = await client.line()
        # Longer than what may be quoted.
        assert challenge == b"{1336}\r\n" + base64.b64encode(b"\xff" * 1000) + b"\r\n"
        assert await client.do(b'"AAAA"') == b'OK (SASL "dj1wcm9vZg==")\r\n'
    assert proving.exchange.heard == [b"", b"\0\0\0"]


async def test_what_is_no_string_is_told_to_the_mechanism_as_such(
    office: Office, proving: ProvingLogins, runner: asyncio.Runner
) -> None:
    for line, reason in ((b"AAAA", FailureReason.NOT_BASE64), (b'"*"', FailureReason.ABORTED)):
        async with office.client() as client:
            client.send(b'AUTHENTICATE "PROVING"\r\n')
            await client.line()
            assert await client.do(line) == b'NO "Authentication Error"\r\n'
        assert proving.exchange.heard == [None, Failed(reason)]


async def test_a_back_end_that_does_not_answer_is_said_to_be_that(
    office: Office, proving: ProvingLogins, runner: asyncio.Runner
) -> None:
    proving.refusal = AuthenticationUnavailable("ldap")
    async with office.client() as client:
        assert await client.do(b'AUTHENTICATE "PROVING"') == b'NO (TRYLATER) "Authentication is not available now"\r\n'


@pytest.mark.parametrize(
    ("over", "farewell"),
    [
        (Over.CREDENTIALS_CHANGED, b"Credentials have changed, please log in again"),
        (Over.EXPIRED, b"Credentials have expired, please log in again"),
        (Over.ACCESS_WITHDRAWN, b"Access has been withdrawn"),
    ],
)
@pytest.mark.parametrize("is_woken", [False, True])
async def test_a_login_that_holds_no_more_ends_the_session(
    office: Office, proving: ProvingLogins, runner: asyncio.Runner, over: Over, farewell: bytes, is_woken: bool
) -> None:
    async with office.client() as client:
        client.send(b'AUTHENTICATE "PROVING"\r\n')
        await client.line()
        await client.do(b'""')
        assert await client.do(b"LISTSCRIPTS") == b"OK\r\n"
        (connection,) = office.seats
        if is_woken:
            connection.wake()  # as long as it holds nothing is said
            assert await client.do(b"LISTSCRIPTS") == b"OK\r\n"
        proving.over = over
        if is_woken:
            connection.wake()
            assert await client.line() == b'BYE "' + farewell + b'"\r\n'
        else:
            assert await client.do(b"LISTSCRIPTS") == b'BYE "' + farewell + b'"\r\n'
        assert await client.reader.read() == b""
