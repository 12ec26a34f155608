import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.auth.identityprovider import CLIENT, Provider, claims, running_provider

from angarium.auth.askedtokens import KEPT_S, AskedTokens
from angarium.auth.verifying import TokenNotGood, TokenUser
from angarium.config import OauthSettings, parse_settings
from angarium.errors import AuthenticationUnavailable, ConfigError

TOKEN = "opaque-token~/+"


def settings(provider: Provider, *lines: str, secret: str = CLIENT[1]) -> OauthSettings:
    text = "\n".join(
        [
            "configdirectory: /c",
            "partition-default: /s",
            f"oauth_introspection_url: {provider.url}/introspect",
            f"oauth_client_id: {CLIENT[0]}",
            f"oauth_client_secret: {secret}",
            *lines,
        ]
    )
    return parse_settings(text, file=Path("/etc/imapd.conf")).settings.oauth


class Clock:
    def __init__(self) -> None:
        self.now_s = time.time()

    def __call__(self) -> float:
        return self.now_s


async def found(verified: Awaitable[TokenUser]) -> TokenUser | None:
    try:
        return await verified
    except TokenNotGood:
        return None


@contextlib.contextmanager
def asking(settings: OauthSettings, clock: Clock | None = None) -> Iterator[Callable[[str], TokenUser | None]]:
    with asyncio.Runner() as runner:

        async def make() -> AskedTokens:
            return AskedTokens(settings, now_s=clock or Clock())

        tokens = runner.run(make())
        try:
            yield lambda token: runner.run(found(tokens.verify(token)))
        finally:
            runner.run(tokens.close())


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        running.about_tokens[TOKEN] = {"active": True, **claims(username="alice")}
        yield running


def test_an_active_token_names_its_user_and_is_remembered_for_a_while(provider: Provider) -> None:
    clock = Clock()
    with asking(settings(provider, "oauth_user_claim: username"), clock) as verify:
        for _ in range(3):
            user = verify(TOKEN)
            assert user is not None
            assert user.typed == "alice"
        assert provider.asked == 1
        provider.about_tokens[TOKEN] = {"active": False}
        clock.now_s += KEPT_S
        assert verify(TOKEN) is None
        assert verify(TOKEN) is None
        assert provider.asked == 3


def test_no_token_is_remembered_for_longer_than_it_lasts(provider: Provider) -> None:
    clock = Clock()
    provider.about_tokens[TOKEN]["exp"] = int(clock.now_s) + 10
    with asking(settings(provider, "oauth_leeway: 0"), clock) as verify:
        assert verify(TOKEN) is not None
        clock.now_s += 11
        assert verify(TOKEN) is None


def test_an_answer_may_leave_out_what_is_not_asked_for(provider: Provider) -> None:
    provider.about_tokens[TOKEN] = {"active": True, "sub": "alice"}
    with asking(settings(provider)) as verify:
        assert verify(TOKEN) is not None
    with asking(settings(provider, "oauth_audience: mail")) as verify:
        assert verify(TOKEN) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"active": False},
        {"exp": 1},
        {"aud": "web"},
        {"iss": "https://evil.test"},
        {"scope": "other"},
        {"sub": ""},
        {"token_type": "DPoP"},
        {"token_use": "refresh_token"},
        {"cnf": {"x5t#S256": "x"}},
    ],
)
def test_answers_that_do_not_do(provider: Provider, changed: dict[str, object]) -> None:
    provider.about_tokens[TOKEN] |= changed
    lines = ("oauth_audience: mail", "oauth_issuer: https://login.example.org/realm", "oauth_scope: mail")
    with asking(settings(provider, *lines)) as verify:
        assert verify(TOKEN) is None
        assert verify("another") is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (302, None), (200, b"no JSON"), (200, b"[]"), (200, b'{"active": "true"}'), (200, b"[" * 99_999)],
)
def test_an_answer_that_says_nothing_is_a_temporary_failure(
    provider: Provider, status: int, body: bytes | None
) -> None:
    provider.status, provider.body = status, body
    with asking(settings(provider)) as verify:
        with pytest.raises(AuthenticationUnavailable) as raised:
            verify(TOKEN)
        assert TOKEN not in str(raised.value)
        provider.status, provider.body = 200, None
        assert verify(TOKEN) is not None


def test_a_wrong_secret_of_the_server_is_a_temporary_failure(provider: Provider) -> None:
    with asking(settings(provider, secret="wrong")) as verify, pytest.raises(AuthenticationUnavailable, match="401"):
        verify(TOKEN)


def test_too_much_is_not_read(provider: Provider) -> None:
    provider.body = b" " * 2_000_000
    with asking(settings(provider)) as verify, pytest.raises(AuthenticationUnavailable, match="more than"):
        verify(TOKEN)


def test_a_plain_address_must_be_of_this_machine() -> None:
    with pytest.raises(ConfigError):
        AskedTokens(settings(Provider("http://login.example.org")))
