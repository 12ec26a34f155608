import asyncio
import ssl
import time
from pathlib import Path

import pytest
from tests.operations.outgoing.smtpserver import SmtpServer
from tests.worker.certificates import make_certificate

from angarium.config import Relay
from angarium.engine.memory.files import MemoryMessageFile
from angarium.operations.outgoing import Answer, Letter, Login, Outcome, Sending, SmtpTransport, TransportUnavailable
from angarium.operations.outgoing.smtp import SmtpTimes

pytestmark = pytest.mark.usefixtures("runner")

SENDER = "other@example.net"
BOB = "bob@example.com"
HEAD = b"Subject: away\r\n\r\n.dot\r\n"
HASTY = SmtpTimes(connect_s=5, command_s=0.2, block_s=5, end_of_data_s=0.2, whole_s=5)


def letter(
    *recipients: str,
    sender: str = SENDER,
    head: bytes = HEAD,
    octets: bytes | None = None,
    offset: int = 0,
    **parameters: str,
) -> Letter:
    return Letter(
        sender=sender,
        recipients=recipients or (BOB,),
        head=head,
        file=MemoryMessageFile(octets) if octets is not None else None,
        offset=offset,
        size_octets=len(head) + (len(octets) - offset if octets is not None else 0),
        parameters=parameters,
        userid="alice",
    )


async def send(
    server: SmtpServer,
    mail: Letter,
    *,
    login: Login | None = None,
    times: SmtpTimes | None = None,
    requires_tls: bool = False,
    logs_in: bool = True,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> Sending:
    relay = Relay(host, server.port, requires_tls, logs_in)
    transport = SmtpTransport(
        relay, login=login, own_name="mail.example.org", threads=1, times=times or SmtpTimes(connect_s=5), tls=tls
    )
    try:
        return await transport.send(mail)
    finally:
        transport.close()


def verbs(server: SmtpServer, number: int = 0) -> list[str]:
    return [command.split(" ")[0].upper() for command in server.heard[number].commands]


async def test_a_mail_is_handed_over() -> None:
    with SmtpServer() as server:
        sending = await send(server, letter())
    (heard,) = server.heard
    assert heard.commands == [
        "ehlo mail.example.org",
        f"MAIL FROM:<{SENDER}>",
        f"RCPT TO:<{BOB}>",
        "DATA",
        "quit",
    ]
    assert heard.data == HEAD
    assert sending.answers == {BOB: Answer(Outcome.SENT, "250 2.0.0 queued", "2.0.0", "127.0.0.1")}


async def test_a_file_goes_out_from_its_offset_whatever_its_size() -> None:
    body = b"Return-Path: <x>\r\n" + b"".join(b".%d\r\n" % number for number in range(100_000))
    with SmtpServer() as server:
        await send(server, letter(sender="", octets=body, offset=18))
    assert server.heard[0].data == HEAD + body[18:]
    assert server.heard[0].commands[1] == "MAIL FROM:<>"


@pytest.mark.parametrize(
    ("offers", "mail", "mail_words", "rcpt_words"),
    [
        (("SIZE 100000",), letter(), " SIZE=23", ""),
        (("8BITMIME",), letter(octets="caf\u00e9\r\n".encode()), " BODY=8BITMIME", ""),
        ((), letter(octets="caf\u00e9\r\n".encode()), "", ""),
        (("DSN",), letter(NOTIFY="NEVER", RET="HDRS", ENVID="x", ORCPT="rfc822;a@b"), " RET=HDRS ENVID=x",
         " NOTIFY=NEVER ORCPT=rfc822;a@b"),
        ((), letter(NOTIFY="NEVER", RET="HDRS"), "", ""),
        (("DELIVERBY",), letter(BY="600;R"), " BY=600;R", ""),
        (("DELIVERBY 300",), letter(BY="600;R"), " BY=600;R", ""),
        ((), letter(BY="600;N"), "", ""),
        (("DSN",), letter(BY="600;N"), "", " NOTIFY=FAILURE,DELAY"),
        (("DSN",), letter(BY="600;N", NOTIFY="SUCCESS"), "", " NOTIFY=SUCCESS,DELAY"),
        (("DSN",), letter(BY="600;N", NOTIFY="NEVER"), "", " NOTIFY=NEVER"),
        (("SMTPUTF8",), letter(sender="j\u00f6rg@x.org"), " SMTPUTF8", ""),
        (("SMTPUTF8",), letter(head="Subject: \u00e9\r\n\r\n".encode(), SMTPUTF8=""), " SMTPUTF8", ""),
        (("SMTPUTF8",), letter(head="Subject: \u00e9\r\n\r\n".encode()), " SMTPUTF8", ""),
        (("SMTPUTF8",), letter(head=b"Subject: \xe9\r\n\r\n"), "", ""),
        ((), letter(head="Subject: \u00e9\r\n\r\n".encode()), "", ""),
        ((), letter(SMTPUTF8=""), "", ""),
        ((), letter(octets=b"a: b\r\n\r\n\xff", head=b"", SMTPUTF8=""), "", ""),
    ],
)  # fmt: skip
async def test_extensions_are_used_where_they_are_offered(
    offers: tuple[str, ...], mail: Letter, mail_words: str, rcpt_words: str
) -> None:
    with SmtpServer(offers=offers) as server:
        sending = await send(server, mail)
    assert {answer.outcome for answer in sending.answers.values()} == {Outcome.SENT}
    assert server.heard[0].commands[1] == f"MAIL FROM:<{mail.sender}>{mail_words}"
    assert server.heard[0].commands[2] == f"RCPT TO:<{BOB}>{rcpt_words}"
    assert sending.deliver_by_lost is ("BY" in mail.parameters and "DELIVERBY" not in " ".join(offers))


@pytest.mark.parametrize(
    ("offers", "mail", "status"),
    [
        ((), letter("j\u00f6rg@x.org"), "5.6.7"),
        ((), letter(head="Subject: \u00e9\r\n\r\n".encode(), SMTPUTF8=""), "5.6.7"),
        ((), letter(BY="600;R"), "5.3.3"),
        (("DELIVERBY 900",), letter(BY="600;RT"), "5.3.3"),
        (("SIZE 10",), letter(), "5.3.4"),
    ],
)
async def test_what_the_server_cannot_take_is_refused_before_it_is_asked(
    offers: tuple[str, ...], mail: Letter, status: str
) -> None:
    with SmtpServer(offers=offers) as server:
        sending = await send(server, mail)
    (answer,) = sending.answers.values()
    assert (answer.outcome, answer.status) == (Outcome.NEVER, status)
    assert "MAIL" not in verbs(server)


@pytest.mark.parametrize(
    ("replies", "outcomes"),
    [
        ({"MAIL": "451 4.3.0 later"}, (Outcome.LATER, Outcome.LATER)),
        ({"MAIL": "550 5.7.1 no"}, (Outcome.NEVER, Outcome.NEVER)),
        ({"MAIL": "530 5.7.0 Authentication required"}, (Outcome.LATER, Outcome.LATER)),
        ({"RCPT": "530 5.7.0 Must issue a STARTTLS command first"}, (Outcome.LATER, Outcome.LATER)),
        ({"RCPT TO:<a@x>": "550 5.1.1 unknown"}, (Outcome.NEVER, Outcome.SENT)),
        ({"RCPT TO:<a@x>": "450 4.2.0 busy"}, (Outcome.LATER, Outcome.SENT)),
        ({"RCPT TO:<a@x>": "251 will forward"}, (Outcome.SENT, Outcome.SENT)),
        ({"RCPT": "550 unknown"}, (Outcome.NEVER, Outcome.NEVER)),
        ({"DATA": "554 no valid recipients"}, (Outcome.NEVER, Outcome.NEVER)),
        ({"DATA": "421 ending"}, (Outcome.LATER, Outcome.LATER)),
        ({"end of data": "552 5.3.4 too large"}, (Outcome.NEVER, Outcome.NEVER)),
        ({"end of data": "452 4.3.1 full"}, (Outcome.LATER, Outcome.LATER)),
        ({"end of data": ""}, (Outcome.LATER, Outcome.LATER)),
        ({"RCPT TO:<a@x>": "550 5.1.1 no", "end of data": "451 later"}, (Outcome.NEVER, Outcome.LATER)),
    ],
)
async def test_each_recipient_has_the_answer_that_holds_for_it(
    replies: dict[str, str], outcomes: tuple[Outcome, ...]
) -> None:
    with SmtpServer(replies=replies) as server:
        sending = await send(server, letter("a@x", "b@x"))
    assert tuple([sending.answers[each].outcome for each in ("a@x", "b@x")]) == outcomes


async def test_without_a_recipient_no_data_is_sent() -> None:
    with SmtpServer(replies={"RCPT": "550 5.1.1 nobody"}) as server:
        sending = await send(server, letter())
    assert "DATA" not in verbs(server)
    assert sending.answers[BOB] == Answer(Outcome.NEVER, "550 5.1.1 nobody", "5.1.1", "127.0.0.1")


@pytest.mark.parametrize(
    "replies", [{"greeting": "554 go away"}, {"greeting": ""}, {"EHLO": "", "HELO": ""}, {"MAIL": ""}, {"RCPT": ""}]
)
async def test_a_server_that_cannot_be_spoken_with_is_unavailable(replies: dict[str, str]) -> None:
    with SmtpServer(replies=replies) as server, pytest.raises(TransportUnavailable, match=r"127\.0\.0\.1"):
        await send(server, letter())


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with SmtpServer() as server:
        pass
    transport = SmtpTransport(Relay("127.0.0.1", 1), login=None, own_name="x", threads=1, times=SmtpTimes(connect_s=5))
    with pytest.raises(TransportUnavailable, match=r"127\.0\.0\.1:1"):
        await transport.send(letter())
    transport.close()
    assert server.heard == []


@pytest.mark.parametrize("silent_at", ["greeting", "EHLO", "MAIL", "RCPT"])
async def test_a_server_that_hangs_is_unavailable(silent_at: str) -> None:
    times = SmtpTimes(connect_s=0.2, command_s=0.2)
    with SmtpServer(silent_at=silent_at) as server, pytest.raises(TransportUnavailable):
        await send(server, letter(), times=times)


async def test_a_server_that_hangs_in_data_is_asked_again_later() -> None:
    with SmtpServer(silent_at="DATA") as server:
        sending = await send(server, letter(), times=HASTY)
    assert sending.answers[BOB].outcome is Outcome.LATER


async def test_closing_ends_what_hangs() -> None:
    with SmtpServer(silent_at="MAIL") as server:
        transport = SmtpTransport(Relay("127.0.0.1", server.port), login=None, own_name="x", threads=1)
        task = asyncio.ensure_future(transport.send(letter()))
        while not (server.heard and verbs(server)[-1:] == ["MAIL"]):  # noqa: ASYNC110 - it is a thread that hears
            await asyncio.sleep(0.01)
        began = time.monotonic()
        transport.close()
        with pytest.raises(TransportUnavailable):
            await task
        assert time.monotonic() - began < 5


# TLS and logins


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's, and a client's that trusts it."""
    directory: Path = tmp_path_factory.mktemp("tls")
    certificate = make_certificate(directory)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    client = ssl.create_default_context(cafile=str(certificate))
    client.check_hostname = False
    return server, client


async def test_tls_is_begun_where_it_is_offered(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    # The certificate is nobody's; better than none it is all the same.
    with SmtpServer(offers=("STARTTLS",), tls=contexts[0]) as server:
        await send(server, letter())
    assert server.heard[0].was_tls
    assert verbs(server).count("EHLO") == 2
    assert server.heard[0].data == HEAD


async def test_tls_that_is_required_needs_a_certificate_that_is_valid(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    with (
        SmtpServer(offers=("STARTTLS",), tls=contexts[0]) as server,
        pytest.raises(TransportUnavailable, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        await send(server, letter(), requires_tls=True)
    with SmtpServer(offers=("STARTTLS",), tls=contexts[0]) as server:
        await send(server, letter(), requires_tls=True, tls=contexts[1])
    assert server.heard[0].data == HEAD


async def test_tls_that_is_required_and_not_offered_ends_it() -> None:
    with SmtpServer() as server, pytest.raises(TransportUnavailable, match="STARTTLS"):
        await send(server, letter(), requires_tls=True)
    assert "MAIL" not in verbs(server)


async def test_a_password_is_sent_over_tls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with SmtpServer(offers=("STARTTLS", "AUTH PLAIN"), tls=contexts[0]) as server:
        await send(server, letter(), login=Login("store", "secret"), tls=contexts[1])
    (auth,) = [command for command in server.heard[0].commands if command.startswith("AUTH")]
    assert auth == "AUTH PLAIN AHN0b3JlAHNlY3JldA=="
    assert server.heard[0].was_tls


@pytest.mark.parametrize(
    ("offers", "replies", "said"),
    [
        (("AUTH PLAIN",), {"AUTH": "535 5.7.8 wrong"}, "535 5.7.8 wrong"),
        ((), {}, "AUTH"),
    ],
)
async def test_a_login_that_fails_sends_nothing(offers: tuple[str, ...], replies: dict[str, str], said: str) -> None:
    with SmtpServer(offers=offers, replies=replies) as server, pytest.raises(TransportUnavailable, match=said):
        await send(server, letter(), login=Login("store", "secret"))
    assert "MAIL" not in verbs(server)


async def test_nobody_logs_in_where_that_is_not_wanted() -> None:
    with SmtpServer(offers=("AUTH PLAIN",)) as server:
        await send(server, letter(), login=Login("store", "secret"), logs_in=False)
    assert "AUTH" not in verbs(server)


async def test_a_password_does_not_cross_a_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.operations.outgoing.smtp._is_loopback", lambda _: False)
    with SmtpServer(offers=("AUTH PLAIN",)) as server, pytest.raises(TransportUnavailable, match="no TLS"):
        await send(server, letter(), login=Login("store", "secret"))
    assert "AUTH" not in verbs(server)
