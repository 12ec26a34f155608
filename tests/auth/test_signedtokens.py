import asyncio
import base64
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.identityprovider import (
    AUDIENCE,
    ISSUER,
    PrivateKey,
    Provider,
    claims,
    new_key,
    public_fields,
    running_provider,
    signed,
)

from angarium.auth.signedtokens import SignedTokens
from angarium.auth.tokenkeys import ASKED_AGAIN_S, HELD_S, RENEWED_S, RETRY_S, WebKeys, jwt_library, parse_key_set
from angarium.auth.verifying import TokenNotGood, TokenUser
from angarium.auth.webexchange import WebExchange
from angarium.config import OauthSettings, parse_settings
from angarium.errors import AuthenticationUnavailable, ConfigError

RSA = new_key("RS256")
EC = new_key("ES256")
ED = new_key("EdDSA")
KEYS = {"r": (RSA, "RS256"), "p": (RSA, "PS256"), "e": (EC, "ES256"), "d": (ED, "EdDSA")}


def settings(*lines: str) -> OauthSettings:
    text = "\n".join(["configdirectory: /c", "partition-default: /s", f"oauth_issuer: {ISSUER}", *lines])
    if not any(line.startswith("oauth_audience") for line in lines):
        text += f"\noauth_audience: {AUDIENCE} other"
    return parse_settings(text, file=Path("/etc/imapd.conf")).settings.oauth


def key_file(tmp_path: Path, *keys: dict[str, object]) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": list(keys)}))
    return path


async def found(verified: Awaitable[TokenUser]) -> TokenUser | None:
    try:
        return await verified
    except TokenNotGood:
        return None


@contextlib.contextmanager
def verifier(settings: OauthSettings, keys: WebKeys | None = None) -> Iterator[Callable[[str], TokenUser | None]]:
    """What asks one, in a loop that is kept."""
    with asyncio.Runner() as runner:

        async def make() -> SignedTokens:
            return SignedTokens(settings, keys)

        tokens = runner.run(make())
        try:
            yield lambda token: runner.run(found(tokens.verify(token)))
        finally:
            runner.run(tokens.close())


@pytest.fixture
def all_keys(tmp_path: Path) -> Path:
    return key_file(tmp_path, *[public_fields(key, name) for name, (key, _) in KEYS.items()])


@pytest.mark.parametrize("name", KEYS)
def test_a_token_that_the_issuer_has_signed_names_its_user(all_keys: Path, name: str) -> None:
    key, algorithm = KEYS[name]
    with verifier(settings(f"oauth_jwks: {all_keys}")) as verify:
        user = verify(signed(key, algorithm, key_id=name))
        assert user is not None
        assert user.typed == "alice"
        assert user.expires_at_s is not None
        assert user.session_until_s == user.expires_at_s + 30 + 3600
        # Without the name of a key, any may be meant.
        assert verify(signed(key, algorithm)) is not None


@dataclass(frozen=True)
class FromNow:
    """Seconds from when a test runs, which may be long after it was collected."""

    seconds: int


def claims_of(changed: dict[str, object]) -> dict[str, Any]:
    now = int(time.time())
    return {name: now + each.seconds if isinstance(each, FromNow) else each for name, each in changed.items()}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": FromNow(-60)}, "expired"),
        ({"exp": None}, "no claim 'exp'"),
        ({"exp": "tomorrow"}, "no time"),
        ({"exp": True}, "no time"),
        ({"exp": 1e300}, "no time"),
        ({"nbf": FromNow(300)}, "has not come"),
        ({"iss": "https://evil.test"}, "another"),
        ({"iss": None}, "no claim 'iss'"),
        ({"aud": "web"}, "for others"),
        ({"aud": ["web", "shop"]}, "for others"),
        ({"aud": {"mail": 1}}, "for others"),
        ({"aud": None}, "no claim 'aud'"),
        ({"scope": "other"}, "scope"),
        ({"scope": "mailbox"}, "scope"),
        ({"scope": None}, "scope"),
        ({"sub": None}, "user name"),
        ({"sub": ""}, "user name"),
        ({"sub": ["alice"]}, "user name"),
        ({"cnf": {"jkt": "x"}}, "bound to a key"),
    ],
)
def test_claims_that_do_not_do(all_keys: Path, changed: dict[str, object], reason: str) -> None:
    token = signed(RSA, "RS256", key_id="r", **claims_of(changed))

    async def verify() -> None:
        await SignedTokens(settings(f"oauth_jwks: {all_keys}", "oauth_scope: mail"), None).verify(token)

    with pytest.raises(TokenNotGood, match=reason) as refused:
        asyncio.run(verify())
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": FromNow(-10)},
        {"nbf": FromNow(10)},
        {"aud": ["web", AUDIENCE]},
        {"scope": None, "scp": ["x", "mail"]},
        {"scope": None, "scp": "x mail"},
    ],
)
def test_claims_that_do(all_keys: Path, changed: dict[str, object]) -> None:
    with verifier(settings(f"oauth_jwks: {all_keys}", "oauth_scope: mail")) as verify:
        assert verify(signed(RSA, "RS256", key_id="r", **claims_of(changed))) is not None


@pytest.mark.parametrize(("verified", "is_let_in"), [(True, True), (None, True), (False, False), ("false", False)])
def test_an_address_must_not_be_unverified(all_keys: Path, verified: object, is_let_in: bool) -> None:
    with verifier(settings(f"oauth_jwks: {all_keys}", "oauth_user_claim: email")) as verify:
        user = verify(signed(RSA, "RS256", key_id="r", email="a@example.org", email_verified=verified))
    assert (user is not None) is is_let_in


def part(fields: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()


def hs256_by_the_public_key() -> str:
    """The classic: the public key taken for a secret that both sides have."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    secret = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part({'alg': 'HS256', 'kid': 'r'})}.{part(claims())}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def turned(token: str) -> str:
    """With another user in it, and the signature of before."""
    header, _, signature = token.split(".")
    return f"{header}.{part(claims(sub='mallory'))}.{signature}"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b.c",
        "..",
        part({"alg": "RS256"}),
        f"{part({'alg': 'none'})}.{part(claims())}.",
        f"{part({'alg': 'None', 'kid': 'r'})}.{part(claims())}.",
        f"{part([])}.{part(claims())}.AAAA",
        f"{part({'alg': ['RS256']})}.{part(claims())}.AAAA",
        f"{part({'alg': 'RS256', 'kid': 5})}.{part(claims())}.AAAA",
        hs256_by_the_public_key(),
        turned(signed(RSA, "RS256", key_id="r")),
        signed(new_key("RS256"), "RS256", key_id="r"),
        signed(new_key("RS256"), "RS256"),
        signed(EC, "ES256", key_id="r"),
        signed(RSA, "RS512", key_id="r"),
        signed(RSA, "RS256", key_id="r", header={"typ": "logout+jwt"}),
        signed(RSA, "RS256", key_id="r", header={"crit": ["exp"]}),
        signed(RSA, "RS256", key_id="unknown"),
    ],
)
def test_what_the_issuer_has_not_signed_for_us_lets_nobody_in(all_keys: Path, token: str) -> None:
    with verifier(settings(f"oauth_jwks: {all_keys}")) as verify:
        assert verify(token) is None


def test_a_key_for_one_algorithm_is_not_taken_for_another(tmp_path: Path) -> None:
    path = key_file(tmp_path, public_fields(RSA, "r", alg="PS256"))
    with verifier(settings(f"oauth_jwks: {path}")) as verify:
        assert verify(signed(RSA, "RS256", key_id="r")) is None
        assert verify(signed(RSA, "PS256", key_id="r")) is not None


def test_algorithms_are_those_of_the_configuration(all_keys: Path) -> None:
    with verifier(settings(f"oauth_jwks: {all_keys}", "oauth_algorithms: ES256")) as verify:
        assert verify(signed(RSA, "RS256", key_id="r")) is None
        assert verify(signed(EC, "ES256", key_id="e")) is not None


with_keys = parse_key_set(json.dumps({"keys": [public_fields(RSA, "r")]}).encode(), jwt_library())


@given(st.one_of(st.text(), st.builds(lambda *parts: ".".join(parts), *[st.text("ey.JAb0=_-", max_size=40)] * 3)))
def test_any_text_is_a_token_or_none(token: str) -> None:
    class Keys:
        async def find(self, key_id: str, algorithm: object) -> Any:
            return with_keys

        async def close(self) -> None: ...

    async def verify() -> TokenUser | None:
        return await found(SignedTokens(settings(), Keys()).verify(token))

    assert asyncio.run(verify()) is None


# Sets of keys


@pytest.mark.parametrize("octets", [b"", b"[]", b"{}", b'{"keys": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_set_of_keys(octets: bytes) -> None:
    with pytest.raises(ValueError, match="it is no"):
        parse_key_set(octets, jwt_library())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "RSA", "n": "AQAB"},
        {"kty": "RSA", "n": 5, "e": None},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "nonsense", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": ""},
        public_fields(RSA, "r", use="enc"),
        public_fields(RSA, "r", key_ops=["encrypt"]),
        "nonsense",
    ],
)
def test_keys_that_are_none_are_left_out(fields: object) -> None:
    octets = json.dumps({"keys": [fields, public_fields(EC, "e")]}).encode()
    assert [key.id for key in parse_key_set(octets, jwt_library())] == ["e"]


def test_a_small_key_is_left_out() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    small: PrivateKey = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert parse_key_set(json.dumps({"keys": [public_fields(small, "s")]}).encode(), jwt_library()) == []


@pytest.mark.parametrize(
    "lines",
    [
        ("oauth_jwks: /no/such/file",),
        ("oauth_jwks: /c", "oauth_audience:"),
        ("oauth_jwks: http://login.example.org/keys",),
        ("oauth_jwks: https://user:pw@login.example.org/keys",),
        ("oauth_jwks: https://login.example.org:port/keys",),
        ("oauth_jwks: https://login.example.org/keys", "oauth_ca_file: /no/such/file"),
    ],
)
def test_what_cannot_do_is_refused_at_the_start(lines: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        SignedTokens(settings(*lines))


# Keys of a page


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@contextlib.contextmanager
def web_keys(provider: Provider, clock: Clock) -> Iterator[Callable[[str], TokenUser | None]]:
    exchange = WebExchange("oauth_jwks", f"{provider.url}/keys", None)
    with verifier(settings(), WebKeys(exchange, jwt_library(), clock_s=clock)) as verify:
        yield verify


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        running.keys = [public_fields(RSA, "old")]
        yield running


def test_a_new_key_is_found_and_an_unknown_one_asked_for_once_a_minute(provider: Provider) -> None:
    clock = Clock()
    with web_keys(provider, clock) as verify:
        assert verify(signed(RSA, "RS256", key_id="old")) is not None
        assert provider.asked == 1
        provider.keys = [public_fields(EC, "new")]
        assert verify(signed(EC, "ES256", key_id="new")) is None
        assert provider.asked == 1
        clock.now_s += ASKED_AGAIN_S
        assert verify(signed(EC, "ES256", key_id="new")) is not None
        assert verify(signed(EC, "ES256", key_id="made up")) is None
        assert provider.asked == 2
        # The old one is gone.
        assert verify(signed(RSA, "RS256", key_id="old")) is None


def test_a_withdrawn_key_is_believed_for_an_hour_at_most(provider: Provider) -> None:
    clock = Clock()
    token = signed(RSA, "RS256", key_id="old", exp=int(time.time()) + 9999)
    with web_keys(provider, clock) as verify:
        assert verify(token) is not None
        provider.keys = []
        assert verify(token) is not None
        clock.now_s += RENEWED_S
        assert verify(token) is None


@pytest.mark.parametrize(("status", "body"), [(500, None), (404, None), (302, None), (200, b"<html>"), (200, b"{}")])
def test_a_provider_without_keys_is_a_temporary_failure(provider: Provider, status: int, body: bytes | None) -> None:
    clock = Clock()
    provider.status, provider.body = status, body
    token = signed(RSA, "RS256", key_id="old")
    with web_keys(provider, clock) as verify:
        for _ in range(3):
            with pytest.raises(AuthenticationUnavailable):
                verify(token)
        assert provider.asked == 1
        provider.status, provider.body = 200, None
        clock.now_s += RETRY_S
        assert verify(token) is not None


def test_known_keys_hold_while_the_provider_is_away(provider: Provider) -> None:
    clock = Clock()
    token = signed(RSA, "RS256", key_id="old")
    with web_keys(provider, clock) as verify:
        assert verify(token) is not None
        provider.status = 503
        clock.now_s += RENEWED_S
        assert verify(token) is not None
        with pytest.raises(AuthenticationUnavailable):
            verify(signed(EC, "ES256", key_id="new"))
        clock.now_s += HELD_S
        with pytest.raises(AuthenticationUnavailable):
            verify(token)


def test_many_logins_ask_for_the_keys_once(provider: Provider) -> None:
    async def all_at_once() -> None:
        exchange = WebExchange("oauth_jwks", f"{provider.url}/keys", None)
        tokens = SignedTokens(settings(), WebKeys(exchange, jwt_library()))
        token = signed(RSA, "RS256", key_id="old")
        found = await asyncio.gather(*[tokens.verify(token) for _ in range(50)])
        assert all(user is not None for user in found)
        await tokens.close()

    asyncio.run(all_at_once())
    assert provider.asked == 1


def test_nobody_there_is_a_temporary_failure() -> None:
    async def ask() -> None:
        exchange = WebExchange("oauth_jwks", "http://127.0.0.1:1/keys", None)
        tokens = SignedTokens(settings(), WebKeys(exchange, jwt_library()))
        try:
            with pytest.raises(AuthenticationUnavailable):
                await tokens.verify(signed(RSA, "RS256", key_id="old"))
        finally:
            await tokens.close()

    asyncio.run(ask())
