import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sasl.exchanges import HOST, Answers, ask, begin_server, client_setting, converse, server_setting

from angarium.errors import ClientExchangeFailed
from angarium.sasl import Challenge, Failed, FailureReason, Outcome, Proven, SecretWanted
from angarium.sasl.client import begin_client
from angarium.sasl.digestdirectives import parse_directives

ANSWERS = Answers({"alice": "secret", "ä": "ö", "日本": "本"})

# RFC 2831 §4
DIALOGUE = (
    b'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,'
    b'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth'
)


def test_the_dialogue_of_the_standard_is_spoken() -> None:
    setting = server_setting(nonce=lambda: "OA6MG9tEQGm2hh", host="elwood.innosoft.com")
    server = begin_server("DIGEST-MD5", setting)
    challenge = server.step(None)
    assert isinstance(challenge, Challenge)
    assert parse_directives(challenge.data) == {
        "realm": [b"elwood.innosoft.com"],
        "nonce": [b"OA6MG9tEQGm2hh"],
        "qop": [b"auth"],
        "algorithm": [b"md5-sess"],
        "charset": [b"utf-8"],
    }
    assert server.step(DIALOGUE) == SecretWanted("chris")
    assert server.answer("secret") == Proven("chris", None, b"rspauth=ea40f60335c427b5527b84dbabcdfffd")


@pytest.mark.parametrize(
    ("nonce", "rest", "name"),
    [
        (
            "Sb0ShY76nGoeOO2q9oPvDWI5",
            'cnonce="DZGKgerVR+Lu1NyKIPU/3dKZfv7cAtX6IF+rgMOBlMM=",response=55de5e98c882e29029a1a9effead297c',
            "Zoë",
        ),
        (
            "13iTcb__pJ-cCNwlGuR4KGt3",
            'cnonce="rvqxKe5/S9yUaIsNBVRbGtOZ01uEATQLfLOCcmqTbVA=",response=09fc1befcc7d0e50b8b73fbbe0e52aec',
            "łó",
        ),
    ],
    ids=["latin", "polish"],
)
def test_names_of_clients_that_are_built_on_cyrus_sasl_are_understood(nonce: str, rest: str, name: str) -> None:
    """As its 2.1.28 spoke with us: names are in UTF-8, and no directive says so."""
    server = begin_server("DIGEST-MD5", server_setting(nonce=lambda: nonce, host="vm"))
    assert isinstance(server.step(None), Challenge)
    said = f'username="{name}",realm="vm",nonce="{nonce}",nc=00000001,qop=auth,maxbuf=1024,digest-uri="imap/127.0.0.1"'
    assert server.step(f"{said},{rest}".encode()) == SecretWanted(name)
    assert isinstance(server.answer("sec"), Proven)


def test_a_realm_of_its_own_stands_behind_the_name() -> None:
    server = begin_server("DIGEST-MD5", server_setting(realms=("example.org", "example.com")))
    challenge = server.step(None)
    assert isinstance(challenge, Challenge)
    assert b'realm="example.org",realm="example.com"' in challenge.data
    client = begin_client("DIGEST-MD5", client_setting(realm="example.com"))
    assert server.step(client.step(challenge.data)) == SecretWanted("alice@example.com", "example.com")
    ended = server.answer("secret")
    assert isinstance(ended, Proven)
    assert ended.authcid == "alice@example.com"


def test_a_challenge_is_never_too_long() -> None:
    realms = tuple([f"{number}.example.org" for number in range(200)])
    challenge = begin_server("DIGEST-MD5", server_setting(realms=realms)).step(None)
    assert isinstance(challenge, Challenge)
    assert challenge.data.count(b"realm=") == 1
    assert len(challenge.data) < 2048


@pytest.mark.parametrize("realm", [None, HOST, ""])
def test_the_usual_realm_needs_no_word(realm: str | None) -> None:
    ended = converse("DIGEST-MD5", client_setting(realm=realm, authzid="bob"), ANSWERS)
    assert isinstance(ended, Proven)
    assert (ended.authcid, ended.authzid) == ("alice", "bob")


@pytest.mark.parametrize("final_with_success", [False, True])
@pytest.mark.parametrize(("authcid", "password"), [("alice", "secret"), ("ä", "ö"), ("日本", "本")])
def test_the_secret_proves_both_sides(authcid: str, password: str, final_with_success: bool) -> None:
    setting = client_setting(authcid=authcid, password=password)
    assert isinstance(converse("DIGEST-MD5", setting, ANSWERS, final_with_success=final_with_success), Proven)


@pytest.mark.parametrize(("authcid", "password"), [("alice", "wrong"), ("nobody", "secret")])
def test_a_wrong_secret_and_an_unknown_user_look_the_same(authcid: str, password: str) -> None:
    setting = client_setting(authcid=authcid, password=password)
    assert converse("DIGEST-MD5", setting, ANSWERS) == Failed(FailureReason.WRONG_PROOF)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)


@given(TEXTS, TEXTS, st.none() | TEXTS)
def test_any_name_and_secret_do(authcid: str, password: str, authzid: str | None) -> None:
    setting = client_setting(authcid=authcid, password=password, authzid=authzid)
    ended = converse("DIGEST-MD5", setting, Answers({authcid: password}))
    assert isinstance(ended, Proven)
    assert (ended.authcid, ended.authzid) == (authcid, authzid)


GOOD = {
    "username": '"alice"',
    "realm": f'"{HOST}"',
    "nonce": '"server0"',
    "cnonce": '"abc"',
    "nc": "00000001",
    "qop": "auth",
    "digest-uri": f'"imap/{HOST}"',
    "response": "0" * 32,
    "charset": "utf-8",
}
ASKS = SecretWanted("alice")


def response(**changes: str | None) -> bytes:
    given_ = {**GOOD, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return ",".join([f"{name}={value}" for name, value in given_.items() if value is not None]).encode()


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (response(), ASKS),
        (response(realm=None), ASKS),
        (response(qop=None), ASKS),
        (response(qop='"auth"'), ASKS),
        (response(charset=None), ASKS),
        (response(unknown='"x"', opaque="y"), ASKS),
        (response(realm='"example.net"'), Failed(FailureReason.WRONG_PROOF)),
        (b" , " + response().replace(b",", b" ,\r\n\t, "), ASKS),
        (response(username='"a\\"l\\ice"'), SecretWanted('a"lice')),
        (response(digest_uri='"IMAP/127.0.0.1"'), ASKS),
        (response(digest_uri='"imap/mail2.example.org/example.org"'), ASKS),
        (response(charset=None, username='"\xe4"').decode().encode("iso-8859-1"), SecretWanted("ä")),
        *[
            (response(**{name: None}), Failed(FailureReason.MALFORMED))
            for name in ("username", "nonce", "cnonce", "nc", "digest_uri", "response")
        ],
        *[
            (response() + f",{name}={GOOD.get(name, '1')},{name}={GOOD.get(name, '1')}".encode(), None)
            for name in (
                "username",
                "realm",
                "nonce",
                "cnonce",
                "nc",
                "qop",
                "digest-uri",
                "response",
                "maxbuf",
                "charset",
            )
        ],
        (response(nonce='"server1"'), Failed(FailureReason.MALFORMED)),
        (response(nc="00000002"), Failed(FailureReason.MALFORMED)),
        (response(cnonce='""'), Failed(FailureReason.MALFORMED)),
        (response(digest_uri='"smtp/mail.example.org"'), Failed(FailureReason.MALFORMED)),
        (response(digest_uri='"imap"'), Failed(FailureReason.MALFORMED)),
        (response(response="0" * 31), Failed(FailureReason.MALFORMED)),
        (response(response="F" * 32), Failed(FailureReason.MALFORMED)),
        (response(qop="auth-int"), Failed(FailureReason.UNSUPPORTED)),
        (response(qop="auth-conf", cipher="rc4"), Failed(FailureReason.UNSUPPORTED)),
        (response(charset="latin1"), Failed(FailureReason.UNSUPPORTED)),
        (response(username='""'), Failed(FailureReason.EMPTY_AUTHCID)),
        (response(username='"' + "a" * 1025 + '"'), Failed(FailureReason.TOO_LONG)),
        (response(x='"' + "a" * 4096 + '"'), Failed(FailureReason.TOO_LONG)),
        (response(username='"\xe4"').decode().encode("iso-8859-1"), Failed(FailureReason.NOT_UTF8)),
        (b"", Failed(FailureReason.MALFORMED)),
        (b"username", Failed(FailureReason.MALFORMED)),
        (b'username="alice', Failed(FailureReason.MALFORMED)),
        (b"username=alice bob", Failed(FailureReason.MALFORMED)),
    ],
)
def test_responses(message: bytes, outcome: Outcome | None) -> None:
    server = begin_server("DIGEST-MD5")
    server.step(None)
    assert server.step(message) == (outcome or Failed(FailureReason.MALFORMED))


def test_there_is_no_subsequent_authentication() -> None:
    server = begin_server("DIGEST-MD5")
    assert server.step(DIALOGUE) == Failed(FailureReason.UNSUPPORTED)


def test_an_answer_to_another_challenge_is_refused() -> None:
    setting = server_setting()
    server, other = begin_server("DIGEST-MD5", setting), begin_server("DIGEST-MD5", setting)
    challenge = server.step(None)
    assert isinstance(challenge, Challenge)
    other.step(None)
    message = begin_client("DIGEST-MD5", client_setting()).step(challenge.data)
    assert isinstance(ask(server, server.step(message), ANSWERS), Proven)
    assert other.step(message) == Failed(FailureReason.MALFORMED)


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b'nonce="x"',
        b'nonce="x",nonce="y",algorithm=md5-sess',
        b'nonce="x",algorithm=md5',
        b'nonce="x",algorithm=md5-sess,qop="auth-int"',
        b'nonce="x",algorithm=md5-sess,stale=true,stale=true',
        b'nonce="x",algorithm=md5-sess,maxbuf=1,maxbuf=1',
        b'nonce="x",algorithm=md5-sess,charset=utf-8,charset=utf-8',
        b'nonce="' + b"x" * 2048 + b'",algorithm=md5-sess',
    ],
)
def test_the_client_refuses_challenges(challenge: bytes) -> None:
    with pytest.raises(ClientExchangeFailed):
        begin_client("DIGEST-MD5", client_setting()).step(challenge)


def test_the_client_takes_what_it_does_not_know() -> None:
    client = begin_client("DIGEST-MD5", client_setting())
    message = client.step(b'nonce="x",algorithm=md5-sess,qop="auth-x,auth",cipher="rc4",domain="x",what=ever')
    assert b'realm=""' in message
    assert b"charset" not in message


def test_the_client_takes_no_names_that_the_server_could_not_read() -> None:
    with pytest.raises(ClientExchangeFailed):
        begin_client("DIGEST-MD5", client_setting(authcid="日本")).step(b'nonce="x",algorithm=md5-sess')


@pytest.mark.parametrize("final", [None, b"", b"rspauth=" + b"0" * 32, b"nothing"])
def test_the_client_believes_no_server_without_its_proof(final: bytes | None) -> None:
    client = begin_client("DIGEST-MD5", client_setting())
    client.step(b'nonce="x",algorithm=md5-sess,charset=utf-8')
    with pytest.raises(ClientExchangeFailed):
        client.succeed(final)
