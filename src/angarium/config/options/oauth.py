"""Logins by bearer tokens."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from angarium.config.kinds import Chosen, Duration, FilePath, SecretText, Text, Words
from angarium.config.option import option, optional
from angarium.config.secret import Secret


class TokenAlgorithm(StrEnum):
    """Signatures of tokens (RFC 7518 §3.1, RFC 8037); none by a secret that both sides have."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"


_URL = Text(pattern=r"https?://[!-~]+|", allowed="a URL of https:, or of http: on this machine")


@dataclass(frozen=True, slots=True)
class TokenAlgorithms:
    """Any of them, in the letters of the standard."""

    name: str = "choices"
    allowed: str = Chosen(TokenAlgorithm).allowed
    unit: str = ""

    def parse(self, text: str) -> tuple[TokenAlgorithm, ...]:
        return tuple(dict.fromkeys(TokenAlgorithm(word) for word in text.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthSettings:
    """The mechanisms OAUTHBEARER and XOAUTH2: whose tokens are believed, and how that is known."""

    oauth_jwks: str = option(
        Text(pattern=r"https?://[!-~]+|/.*|", allowed="a URL of https:, of http: on this machine, or an absolute path"),
        "",
        added=True,
        meaning="Where the keys are by which tokens are signed (a JWK set): a URL, or a file. Tokens are JWTs then. "
        "Without this and `oauth_introspection_url`, no mechanism with tokens is offered.",
    )
    oauth_introspection_url: str = option(
        _URL,
        "",
        added=True,
        meaning="Whom to ask about each token instead (RFC 7662), for tokens that say nothing by themselves.",
    )
    oauth_client_id: str = option(Text(), "", added=True, meaning="As whom the server asks about tokens.")
    oauth_client_secret: Secret = option(SecretText(), "", added=True, meaning="With which secret.")
    oauth_ca_file: Path | None = optional(
        FilePath(),
        added=True,
        meaning="The certificates of those who sign the provider's; unset means the machine's own.",
    )
    oauth_issuer: str = option(
        Text(),
        "",
        added=True,
        meaning="Who must have issued tokens, to the letter (`iss`). With `oauth_jwks` it must be set.",
    )
    oauth_audience: tuple[str, ...] = option(
        Words(),
        "",
        added=True,
        meaning="For whom tokens must be meant, one of these (`aud`). With `oauth_jwks` it must be set: a token for "
        "another service of the same issuer is not one for this.",
    )
    oauth_scope: tuple[str, ...] = option(
        Words(), "", added=True, meaning="What tokens must allow, all of these (`scope` or `scp`); clients are told."
    )
    oauth_user_claim: str = option(
        Text(pattern=r"[!-~]+", allowed="the name of a claim"),
        "sub",
        added=True,
        meaning="Which claim is the user name, such as `preferred_username` or `email`. Users must not be able to "
        "choose what stands there themselves. An `email` whose `email_verified` is false lets nobody in.",
    )
    oauth_algorithms: tuple[TokenAlgorithm, ...] = option(
        TokenAlgorithms(),
        "RS256 PS256 ES256 ES384 EdDSA",
        added=True,
        meaning="By which algorithms tokens may be signed.",
    )
    oauth_leeway: timedelta = option(
        Duration(), "30s", added=True, meaning="By how much the clock of the issuer may be wrong."
    )
    oauth_expiry_grace: timedelta = option(
        Duration(),
        "1h",
        added=True,
        meaning="How long a session may go on when the time of its token is over (`exp`); then it is ended, and the "
        "client logs in with a new token. Without it, tokens of a few minutes would end sessions as often.",
    )
    oauth_openid_configuration: str = option(
        _URL,
        "",
        added=True,
        meaning="Where clients without a token find the issuer (RFC 7628 §3.2.2). Empty means "
        "`/.well-known/openid-configuration` below `oauth_issuer` where that is a URL.",
    )
