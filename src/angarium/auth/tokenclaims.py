"""What a token says of its user, and whether that is enough: the claims of a JWT (RFC 7519 §4.1) or of an answer about
a token (RFC 7662 §2.2), which are the same."""

from collections.abc import Mapping
from typing import Final

from angarium.auth.verifying import TokenNotGood, TokenUser
from angarium.config import OauthSettings

USER_LENGTH_MAX: Final = 1000


def user_of(claims: Mapping[str, object], settings: OauthSettings, *, now_s: float) -> TokenUser:
    """The user whom the claims name, if they are good now, for this server and for what it wants. TokenNotGood."""
    leeway_s = settings.oauth_leeway.total_seconds()
    expires_at_s = _time(claims, "exp")
    if expires_at_s is not None and now_s >= expires_at_s + leeway_s:
        raise TokenNotGood("it has expired")
    begins_at_s = _time(claims, "nbf")
    if begins_at_s is not None and now_s < begins_at_s - leeway_s:
        raise TokenNotGood("its time has not come")
    if settings.oauth_issuer and claims.get("iss", settings.oauth_issuer) != settings.oauth_issuer:
        raise TokenNotGood("another has issued it")
    if settings.oauth_audience and not _words(claims.get("aud"), split=False) & set(settings.oauth_audience):
        raise TokenNotGood("it is meant for others")
    scopes = _words(claims.get("scope"), split=True) | _words(claims.get("scp"), split=True)
    if not set(settings.oauth_scope) <= scopes:
        raise TokenNotGood("its scope is not enough")
    if "cnf" in claims:
        # Whoever sends it must prove to have a key (RFC 7800 §3), for which the mechanisms have no place.
        raise TokenNotGood("it is bound to a key")
    return TokenUser(
        _user(claims, settings.oauth_user_claim),
        expires_at_s,
        None if expires_at_s is None else expires_at_s + leeway_s + settings.oauth_expiry_grace.total_seconds(),
    )


def _user(claims: Mapping[str, object], claim: str) -> str:
    user = claims.get(claim)
    if not isinstance(user, str) or not user or len(user) > USER_LENGTH_MAX:
        raise TokenNotGood(f"it has no claim {claim!r} with a user name")
    if claim == "email" and claims.get("email_verified", True) not in (True, "true"):
        raise TokenNotGood("its address is not verified")
    return user


def _time(claims: Mapping[str, object], claim: str) -> float | None:
    """Seconds since 1970."""
    value = claims.get(claim)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**53) < value < 2**53:
        raise TokenNotGood(f"its claim {claim!r} is no time")
    return float(value)


def _words(value: object, *, split: bool) -> set[str]:
    if isinstance(value, str):
        return set(value.split()) if split else {value}
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
