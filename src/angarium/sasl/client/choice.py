"""The mechanisms that clients of ours speak, and which of them to take."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType

from angarium.errors import ClientExchangeFailed
from angarium.sasl.client.bearer import OauthBearerClient, XOauth2Client
from angarium.sasl.client.crammd5 import CramMd5Client
from angarium.sasl.client.digestmd5 import DigestMd5Client
from angarium.sasl.client.exchange import ClientMechanism, ClientSetting
from angarium.sasl.client.gssapi import GssapiClient
from angarium.sasl.client.plain import AnonymousClient, ExternalClient, LoginClient, PlainClient
from angarium.sasl.client.scram import ScramClient
from angarium.sasl.scram import ScramHash

CLIENT_MECHANISMS: Mapping[str, Callable[[ClientSetting], ClientMechanism]] = MappingProxyType(
    {
        "EXTERNAL": ExternalClient,
        "GSSAPI": GssapiClient,
        "SCRAM-SHA-512-PLUS": partial(ScramClient, ScramHash.SHA_512, plus=True),
        "SCRAM-SHA-256-PLUS": partial(ScramClient, ScramHash.SHA_256, plus=True),
        "SCRAM-SHA-1-PLUS": partial(ScramClient, ScramHash.SHA_1, plus=True),
        "SCRAM-SHA-512": partial(ScramClient, ScramHash.SHA_512),
        "SCRAM-SHA-256": partial(ScramClient, ScramHash.SHA_256),
        "SCRAM-SHA-1": partial(ScramClient, ScramHash.SHA_1),
        "OAUTHBEARER": OauthBearerClient,
        "XOAUTH2": XOauth2Client,
        "DIGEST-MD5": DigestMd5Client,
        "CRAM-MD5": CramMd5Client,
        "PLAIN": PlainClient,
        "LOGIN": LoginClient,
        "ANONYMOUS": AnonymousClient,
    }
)
"""By name, the strongest first."""

PLAINTEXT = frozenset({"OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"})
"""Mechanisms in which a password or token crosses the wire as it is."""


def begin_client(mechanism: str, setting: ClientSetting) -> ClientMechanism:
    """An exchange of the mechanism of that name, in any case of its letters. ClientExchangeFailed where there is none,
    or the setting has not what it needs."""
    name = mechanism.upper()
    if name not in CLIENT_MECHANISMS:
        raise ClientExchangeFailed(f"there is no mechanism {mechanism}")
    if not can_use(name, setting):
        raise ClientExchangeFailed(f"{name} needs what is not there")
    for text in (setting.authcid, setting.password, setting.authzid or "", setting.token, setting.host):
        if not _is_unicode(text):
            raise ClientExchangeFailed("a name, the password or the token cannot be sent in UTF-8")
    return CLIENT_MECHANISMS[name](setting)


def _is_unicode(text: str) -> bool:
    """Words of a command line may hold octets that are none."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def choose_mechanism(announced: Collection[str], setting: ClientSetting, *, allow_plaintext: bool) -> str | None:
    """The strongest of the mechanisms that a server announces and the setting has all for; None where there is none.

    `allow_plaintext` says that the connection hides what crosses it, or that nobody minds.
    """
    names = {name.upper() for name in announced}
    for name in CLIENT_MECHANISMS:
        if name in names and (allow_plaintext or name not in PLAINTEXT) and can_use(name, setting):
            return name
    return None


def can_use(name: str, setting: ClientSetting) -> bool:
    """Whether the setting has all that a mechanism needs."""
    if name == "EXTERNAL":
        return setting.certificate
    if name == "GSSAPI":
        return setting.gss is not None
    if name == "ANONYMOUS":
        return setting.trace is not None
    if name in ("OAUTHBEARER", "XOAUTH2"):
        return bool(setting.token)
    if name.endswith("-PLUS") and not setting.bindings:
        return False
    return bool(setting.authcid and setting.password)
