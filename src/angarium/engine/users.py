"""What is stored of users beside their mail and their main password, and the changes of it as values."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from angarium.engine.rows import CredentialRow

EVERYBODY: Final = "*"
"""In place of a user id, in a denial."""
LOGINS_KEPT: Final = 10
"""Last logins of a user."""


@dataclass(frozen=True, slots=True)
class AppPasswordRow:
    """A password that was made for one program of a user."""

    userid: str
    number: int
    """Random, and never that of another one of hers, so that sessions and what was remembered die with it."""
    name: str
    services: tuple[str, ...]
    """As SASL names them (`imap`, `pop`, `sieve`…); empty: all."""
    created_at_s: int
    expires_at_s: int | None
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    """SHA-256 of salt and password; passwords of a hundred random bits need no more."""


@dataclass(frozen=True, slots=True)
class TotpRow:
    """The second factor of a user (RFC 6238)."""

    userid: str
    secret: bytes = field(repr=False)
    is_active: bool
    """False until a code has shown that the user has the secret too."""
    last_step: int
    """Step of the last code that was used: it, and those before it, are not taken again."""


@dataclass(frozen=True, slots=True)
class SharedSecretRow:
    """A password that is stored as it is, by choice."""

    userid: str
    realm: str
    """Empty for the usual one."""
    secret: str = field(repr=False)
    version: int
    """Random at each change."""


@dataclass(frozen=True, slots=True)
class DenialRow:
    """Who is not let in (`cyr_deny`)."""

    userid: str
    """EVERYBODY for all but administrators."""
    services: str
    """Patterns of service names between commas; the last that fits decides, and one behind `!` lets in."""
    message: str


@dataclass(frozen=True, slots=True)
class UserRow:
    """All that logins ask of a user, as of one moment; of somebody unknown it holds nothing."""

    userid: str
    credential: CredentialRow | None = None
    app_passwords: tuple[AppPasswordRow, ...] = ()
    """By name."""
    totp: TotpRow | None = None
    shared_secrets: tuple[SharedSecretRow, ...] = ()
    """By realm."""
    denials: tuple[DenialRow, ...] = ()
    """Hers and EVERYBODY's."""


class LoginRow(NamedTuple):
    """A login, as it is told to the user or an administrator."""

    userid: str
    at_s: int
    service: str
    address: str
    """Empty for a unix socket."""
    client: str
    """What the client has called itself, where it has."""
    mechanism: str
    session: str
    app_password: int | None = None
    """The number of the app password that it was."""
    app_password_name: str = ""
    acted_by: str = ""
    """Who acts for the user, and whose app password it was; empty where she does so herself."""


@dataclass(frozen=True, slots=True)
class AppPasswordUse:
    """The last login with an app password."""

    at_s: int
    address: str


# Changes


@dataclass(frozen=True, slots=True)
class AddCredential:
    """False where the user has one."""

    row: CredentialRow


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Another main password; False where the user has no credential."""

    userid: str
    password_hash: str = field(repr=False)
    scram: str = field(repr=False)
    version_step: int
    """What is added to the version; at least 1."""
    changed_at_s: int


@dataclass(frozen=True, slots=True)
class SetDisabled:
    """False where the user has no credential."""

    userid: str
    disabled: bool
    changed_at_s: int


@dataclass(frozen=True, slots=True)
class AddAppPassword:
    """False where the user has one of that name."""

    row: AppPasswordRow


@dataclass(frozen=True, slots=True)
class RemoveAppPassword:
    """False where there is none of that name."""

    userid: str
    name: str


@dataclass(frozen=True, slots=True)
class PutTotp:
    """Insert, or replace one that is not active; False where one is."""

    row: TotpRow


@dataclass(frozen=True, slots=True)
class ActivateTotp:
    """From here on the code is asked for, and that of `step` is used up; False where the secret is another one by now,
    or the step was used."""

    userid: str
    secret: bytes = field(repr=False)
    step: int


@dataclass(frozen=True, slots=True)
class RemoveTotp:
    """False where there was none."""

    userid: str


@dataclass(frozen=True, slots=True)
class UseTotpStep:
    """False where this step, or a later one, was used before; so of two who come with one code, one gets in."""

    userid: str
    step: int


@dataclass(frozen=True, slots=True)
class PutSharedSecret:
    """Insert or replace."""

    row: SharedSecretRow


@dataclass(frozen=True, slots=True)
class RemoveSharedSecret:
    """False where there was none."""

    userid: str
    realm: str


@dataclass(frozen=True, slots=True)
class PutDenial:
    """Insert or replace."""

    row: DenialRow


@dataclass(frozen=True, slots=True)
class RemoveDenial:
    """False where there was none."""

    userid: str


@dataclass(frozen=True, slots=True)
class UpgradeHash:
    """Another hash of the same password, so that the version stays; False where the hash is no longer `old_hash`."""

    userid: str
    old_hash: str = field(repr=False)
    password_hash: str = field(repr=False)
    scram: str = field(repr=False)


UserChange = (
    AddCredential
    | ChangePassword
    | SetDisabled
    | AddAppPassword
    | RemoveAppPassword
    | PutTotp
    | ActivateTotp
    | RemoveTotp
    | UseTotpStep
    | PutSharedSecret
    | RemoveSharedSecret
    | PutDenial
    | RemoveDenial
    | UpgradeHash
)
