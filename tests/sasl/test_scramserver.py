import base64

import pytest
from tests.sasl.exchanges import BINDINGS, Answers, ask, begin_server, client_setting, converse, server_setting

from angarium.sasl import Challenge, Failed, FailureReason, KeysWanted, Proven, ScramHash, derive_keys
from angarium.sasl.client import begin_client

SALTS = {ScramHash.SHA_1: "QSXCR+Q6sek8bf92", ScramHash.SHA_256: "W22ZaJ0SNY7soEsUEjb6gQ=="}
NAMES = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]
ANSWERS = Answers({"alice": "secret", "a=b,c": "secret", "ä": "ö ü"})

# RFC 5802 §5 and RFC 7677 §3: hash, client's first, server's part of the nonce, client's final, server's final.
DIALOGUES = [
    (
        ScramHash.SHA_1,
        "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        "3rfcNHYJY1ZVvWVs7j",
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    (
        ScramHash.SHA_256,
        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
]


@pytest.mark.parametrize(("scram_hash", "first", "nonce", "final", "signature"), DIALOGUES)
def test_the_recorded_dialogues_are_spoken(
    scram_hash: ScramHash, first: str, nonce: str, final: str, signature: str
) -> None:
    name = "SCRAM-SHA-1" if scram_hash is ScramHash.SHA_1 else "SCRAM-SHA-256"
    server = begin_server(name, server_setting(nonce=lambda: nonce))
    assert server.step(None) == Challenge(b"")
    assert server.step(first.encode()) == KeysWanted("user", scram_hash)
    salt = SALTS[scram_hash]
    keys = derive_keys("pencil", salt=base64.b64decode(salt), iterations=4096, hash=scram_hash)
    assert server.answer(keys) == Challenge(f"r={first.split('r=')[1]}{nonce},s={salt},i=4096".encode())
    assert server.step(final.encode()) == Proven("user", None, signature.encode())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("final_with_success", [False, True])
def test_the_right_password_proves_both_sides(name: str, plus: bool, final_with_success: bool) -> None:
    setting = client_setting(bindings=BINDINGS if plus else {}, authzid="bob")
    ended = converse(f"{name}{'-PLUS' if plus else ''}", setting, ANSWERS, final_with_success=final_with_success)
    assert isinstance(ended, Proven)
    assert (ended.authcid, ended.authzid) == ("alice", "bob")


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_password_and_an_unknown_user_look_the_same(name: str) -> None:
    for setting in (client_setting(password="wrong"), client_setting(authcid="nobody")):
        assert converse(name, setting, ANSWERS) == Failed(FailureReason.WRONG_PROOF)


def test_names_are_escaped_and_in_utf_8() -> None:
    for authcid, password in (("a=b,c", "secret"), ("ä", "ö ü")):
        ended = converse("SCRAM-SHA-256", client_setting(authcid=authcid, password=password), ANSWERS)
        assert isinstance(ended, Proven)
        assert ended.authcid == authcid


BEGINNINGS = [
    (b"n,,n=alice,r=abc", KeysWanted("alice", ScramHash.SHA_256)),
    (b"y,,n=alice,r=abc", KeysWanted("alice", ScramHash.SHA_256)),
    (b"n,a=b=2Co=3D,n=alice,r=abc", KeysWanted("alice", ScramHash.SHA_256)),
    (b"n,,n=a=2C=3Db,r=abc", KeysWanted("a,=b", ScramHash.SHA_256)),
    (b"n,,n=alice,r=abc,x=what", KeysWanted("alice", ScramHash.SHA_256)),
    (b"", Failed(FailureReason.MALFORMED)),
    (b"n,n=alice,r=abc", Failed(FailureReason.MALFORMED)),
    (b"x,,n=alice,r=abc", Failed(FailureReason.MALFORMED)),
    (b"F,n,,n=alice,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,a=,n=alice,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,a==,n=alice,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,,n=,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,,n=a=b,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,,n=a=2c,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,,n=alice", Failed(FailureReason.MALFORMED)),
    (b"n,,r=abc,n=alice", Failed(FailureReason.MALFORMED)),
    (b"n,,n=alice,r=", Failed(FailureReason.MALFORMED)),
    (b"n,,n=alice,r=a c", Failed(FailureReason.MALFORMED)),
    (b"n,,n=alice,r=a\xc3\xa4", Failed(FailureReason.MALFORMED)),
    (b"n,,n=alice,r=abc,", Failed(FailureReason.MALFORMED)),
    (b"n,,n=al\x00ice,r=abc", Failed(FailureReason.MALFORMED)),
    (b"n,,n=\xff,r=abc", Failed(FailureReason.NOT_UTF8)),
    (b"n,,m=1,n=alice,r=abc", Failed(FailureReason.UNSUPPORTED)),
    (b"n,,n=alice,r=abc,m=1", Failed(FailureReason.UNSUPPORTED)),
    (b"n,,n=" + b"a" * 1025 + b",r=abc", Failed(FailureReason.TOO_LONG)),
    (b"n,,n=alice,r=" + b"a" * 9000, Failed(FailureReason.TOO_LONG)),
    (b"p=tls-exporter,,n=alice,r=abc", Failed(FailureReason.UNSUPPORTED)),
]


@pytest.mark.parametrize(("message", "outcome"), BEGINNINGS)
def test_beginnings(message: bytes, outcome: KeysWanted | Failed) -> None:
    assert begin_server("SCRAM-SHA-256").step(message) == outcome


@pytest.mark.parametrize(
    ("name", "message", "outcome"),
    [
        # Who hid the announcement from the client (RFC 5802 §6)?
        ("SCRAM-SHA-256", b"y,,n=alice,r=abc", Failed(FailureReason.BINDING)),
        ("SCRAM-SHA-256", b"n,,n=alice,r=abc", KeysWanted("alice", ScramHash.SHA_256)),
        # Cyrus SASL binds without saying so in the mechanism's name.
        ("SCRAM-SHA-256", b"p=tls-server-end-point,,n=alice,r=abc", KeysWanted("alice", ScramHash.SHA_256)),
        ("SCRAM-SHA-256", b"p=tls-unique,,n=alice,r=abc", Failed(FailureReason.UNSUPPORTED)),
        ("SCRAM-SHA-256-PLUS", b"n,,n=alice,r=abc", Failed(FailureReason.UNSUPPORTED)),
        ("SCRAM-SHA-256-PLUS", b"y,,n=alice,r=abc", Failed(FailureReason.UNSUPPORTED)),
        ("SCRAM-SHA-256-PLUS", b"p=tls-unique,,n=alice,r=abc", Failed(FailureReason.UNSUPPORTED)),
        ("SCRAM-SHA-256-PLUS", b"p=,,n=alice,r=abc", Failed(FailureReason.MALFORMED)),
        ("SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,n=alice,r=abc", KeysWanted("alice", ScramHash.SHA_256)),
    ],
)
def test_flags_of_channel_binding_over_tls(name: str, message: bytes, outcome: KeysWanted | Failed) -> None:
    setting = server_setting(bindings=BINDINGS, announces_plus=True)
    assert begin_server(name, setting).step(message) == outcome


@pytest.mark.parametrize("name", ["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"])
def test_another_channel_is_a_binding_that_does_not_match(name: str) -> None:
    server = begin_server(name, server_setting(bindings={"tls-exporter": b"\x07" * 32}))
    ended = converse("SCRAM-SHA-1-PLUS", client_setting(bindings=BINDINGS), ANSWERS, server=server)
    assert ended == Failed(FailureReason.BINDING)


NONCE = b"r=abcserver0"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"c=biws," + NONCE + b",p=AAAA", FailureReason.WRONG_PROOF),
        (b"c=biws," + NONCE + b",x=1,p=AAAA", FailureReason.WRONG_PROOF),
        (b"c=biws," + NONCE + b",p=" + base64.b64encode(bytes(32)), FailureReason.WRONG_PROOF),
        (b"c=biws," + NONCE, FailureReason.MALFORMED),
        (b"c=biws," + NONCE + b",p=", FailureReason.WRONG_PROOF),
        (b"c=biws," + NONCE + b",p=A", FailureReason.MALFORMED),
        (b"c=biws," + NONCE + b",p=AAAA,x=1", FailureReason.MALFORMED),
        (b"c=bi ws," + NONCE + b",p=AAAA", FailureReason.MALFORMED),
        (b"c=biws,r=abc,p=AAAA", FailureReason.MALFORMED),
        (b"c=biws,r=abcserver1,p=AAAA", FailureReason.MALFORMED),
        (NONCE + b",c=biws,p=AAAA", FailureReason.MALFORMED),
        (b"c=eSws," + NONCE + b",p=AAAA", FailureReason.BINDING),
        (b"c=biws," + NONCE + b",m=1,p=AAAA", FailureReason.UNSUPPORTED),
        (b"", FailureReason.MALFORMED),
    ],
)
def test_endings(message: bytes, reason: FailureReason) -> None:
    server = begin_server("SCRAM-SHA-256")
    assert isinstance(ask(server, server.step(b"n,,n=alice,r=abc"), ANSWERS), Challenge)
    assert server.step(message) == Failed(reason)


def test_messages_of_another_exchange_are_refused() -> None:
    """Whoever has listened has nothing from it."""
    setting = server_setting()
    client = begin_client("SCRAM-SHA-256", client_setting())
    first = client.start()
    server = begin_server("SCRAM-SHA-256", setting)
    challenge = ask(server, server.step(first), ANSWERS)
    assert isinstance(challenge, Challenge)
    final = client.step(challenge.data)
    assert isinstance(server.step(final), Proven)

    replayed = begin_server("SCRAM-SHA-256", setting)
    assert isinstance(ask(replayed, replayed.step(first), ANSWERS), Challenge)
    assert replayed.step(final) == Failed(FailureReason.MALFORMED)


def test_the_proof_is_of_every_octet() -> None:
    for at in (0, 5, 12):
        client = begin_client("SCRAM-SHA-1", client_setting())
        server = begin_server("SCRAM-SHA-1")
        challenge = ask(server, server.step(client.start()), ANSWERS)
        assert isinstance(challenge, Challenge)
        final = bytearray(client.step(challenge.data))
        proof = final.index(b"p=") + 2 + at
        final[proof] = ord("A") if final[proof] != ord("A") else ord("B")
        assert server.step(bytes(final)) == Failed(FailureReason.WRONG_PROOF)
