"""What logins ask of users (`users.db`, 0600): derived keys where they suffice, each with a version or a number that
dies with what was derived from it."""

from typing import assert_never

import apsw

from angarium.engine.rows import CredentialRow
from angarium.engine.sqlite.query import Bindings, fetch_all, fetch_one
from angarium.engine.users import (
    EVERYBODY,
    ActivateTotp,
    AddAppPassword,
    AddCredential,
    AppPasswordRow,
    ChangePassword,
    DenialRow,
    PutDenial,
    PutSharedSecret,
    PutTotp,
    RemoveAppPassword,
    RemoveDenial,
    RemoveSharedSecret,
    RemoveTotp,
    SetDisabled,
    SharedSecretRow,
    TotpRow,
    UpgradeHash,
    UserChange,
    UserRow,
    UseTotpStep,
)
from angarium.errors import StoreDamaged, UserNotFound

_COLUMNS = "userid, password_hash, scram, version, disabled, created_at, changed_at"
_APP_PASSWORD = "userid, number, name, services, created_at, expires_at, salt, digest"


def credential(connection: apsw.Connection, userid: str) -> CredentialRow | None:
    """One user's credential."""
    row = fetch_one(connection, f"SELECT {_COLUMNS} FROM credential WHERE userid = ?", (userid,))
    return None if row is None else _credential(*row)


def credentials(connection: apsw.Connection) -> list[CredentialRow]:
    """All, by user id."""
    return [_credential(*row) for row in fetch_all(connection, f"SELECT {_COLUMNS} FROM credential ORDER BY userid")]


def remove_credential(connection: apsw.Connection, userid: str) -> None:
    """All that a user can log in by. UserNotFound."""
    tables = ("credential", "app_password", "totp", "shared_secret")
    removed = [_changed(connection, f"DELETE FROM {table} WHERE userid = ?", (userid,)) for table in tables]
    if not any(removed):
        raise UserNotFound(f"no user {userid!r}")


def user(connection: apsw.Connection, userid: str) -> UserRow:
    """All that logins ask of a user."""
    apps = fetch_all(connection, f"SELECT {_APP_PASSWORD} FROM app_password WHERE userid = ? ORDER BY name", (userid,))
    totp = fetch_one(connection, "SELECT userid, secret, is_active, last_step FROM totp WHERE userid = ?", (userid,))
    secrets = fetch_all(
        connection,
        "SELECT userid, realm, secret, version FROM shared_secret WHERE userid = ? ORDER BY realm",
        (userid,),
    )
    denied = fetch_all(
        connection,
        "SELECT userid, services, message FROM denial WHERE userid IN (?, ?) ORDER BY userid",
        (userid, EVERYBODY),
    )
    return UserRow(
        userid,
        credential(connection, userid),
        tuple([_app_password(*row) for row in apps]),
        None if totp is None else TotpRow(totp[0], totp[1], bool(totp[2]), totp[3]),
        tuple([SharedSecretRow(*row) for row in secrets]),
        tuple([DenialRow(*row) for row in denied]),
    )


def users(connection: apsw.Connection) -> list[UserRow]:
    """Everybody who has something to log in by."""
    found = fetch_all(
        connection,
        "SELECT userid FROM credential UNION SELECT userid FROM app_password UNION SELECT userid FROM totp"
        " UNION SELECT userid FROM shared_secret ORDER BY userid",
    )
    return [user(connection, userid) for (userid,) in found]


def denials(connection: apsw.Connection) -> list[DenialRow]:
    """All, by user id."""
    return [
        DenialRow(*row) for row in fetch_all(connection, "SELECT userid, services, message FROM denial ORDER BY userid")
    ]


def has_shared_secrets(connection: apsw.Connection) -> bool:
    """Whether anybody has one."""
    return fetch_one(connection, "SELECT 1 FROM shared_secret LIMIT 1") is not None


def site_secret(connection: apsw.Connection) -> bytes:
    """The store's own random octets."""
    row = fetch_one(connection, "SELECT secret FROM site")
    if row is None:
        raise StoreDamaged("users.db has no secret of the site")
    return bytes(row[0])


def change_user(connection: apsw.Connection, change: UserChange) -> bool:
    """Whether anything was changed."""
    match change:
        case AddCredential(added):
            return _changed(
                connection,
                f"INSERT OR IGNORE INTO credential ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    added.userid,
                    added.password_hash,
                    added.scram,
                    added.version,
                    added.disabled,
                    added.created_at_s,
                    added.changed_at_s,
                ),
            )
        case ChangePassword(userid, password_hash, scram, version_step, changed_at_s):
            return _changed(
                connection,
                "UPDATE credential SET password_hash = ?, scram = ?, version = version + ?, changed_at = ?"
                " WHERE userid = ?",
                (password_hash, scram, version_step, changed_at_s, userid),
            )
        case SetDisabled(userid, disabled, changed_at_s):
            return _changed(
                connection,
                "UPDATE credential SET disabled = ?, changed_at = ? WHERE userid = ?",
                (disabled, changed_at_s, userid),
            )
        case AddAppPassword(row):
            return _changed(
                connection,
                f"INSERT OR IGNORE INTO app_password ({_APP_PASSWORD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row.userid,
                    row.number,
                    row.name,
                    ",".join(row.services),
                    row.created_at_s,
                    row.expires_at_s,
                    row.salt,
                    row.digest,
                ),
            )
        case RemoveAppPassword(userid, name):
            return _changed(connection, "DELETE FROM app_password WHERE userid = ? AND name = ?", (userid, name))
        case PutTotp(totp):
            return _changed(
                connection,
                "INSERT INTO totp (userid, secret, is_active, last_step) VALUES (?, ?, ?, ?) ON CONFLICT (userid)"
                " DO UPDATE SET secret = excluded.secret, is_active = excluded.is_active,"
                " last_step = excluded.last_step WHERE NOT is_active",
                (totp.userid, totp.secret, totp.is_active, totp.last_step),
            )
        case ActivateTotp(userid, totp_secret, step):
            return _changed(
                connection,
                "UPDATE totp SET is_active = 1, last_step = ?3 WHERE userid = ?1 AND secret = ?2 AND last_step < ?3",
                (userid, totp_secret, step),
            )
        case RemoveTotp(userid):
            return _changed(connection, "DELETE FROM totp WHERE userid = ?", (userid,))
        case UseTotpStep(userid, step):
            return _changed(
                connection, "UPDATE totp SET last_step = ?2 WHERE userid = ?1 AND last_step < ?2", (userid, step)
            )
        case PutSharedSecret(secret):
            return _changed(
                connection,
                "INSERT OR REPLACE INTO shared_secret (userid, realm, secret, version) VALUES (?, ?, ?, ?)",
                (secret.userid, secret.realm, secret.secret, secret.version),
            )
        case RemoveSharedSecret(userid, realm):
            return _changed(connection, "DELETE FROM shared_secret WHERE userid = ? AND realm = ?", (userid, realm))
        case PutDenial(denial):
            return _changed(
                connection,
                "INSERT OR REPLACE INTO denial (userid, services, message) VALUES (?, ?, ?)",
                (denial.userid, denial.services, denial.message),
            )
        case RemoveDenial(userid):
            return _changed(connection, "DELETE FROM denial WHERE userid = ?", (userid,))
        case UpgradeHash(userid, old_hash, password_hash, scram):
            return _changed(
                connection,
                "UPDATE credential SET password_hash = ?, scram = ? WHERE userid = ? AND password_hash = ?",
                (password_hash, scram, userid, old_hash),
            )
        case _:
            assert_never(change)


def _changed(connection: apsw.Connection, statement: str, bindings: Bindings) -> bool:
    connection.execute(statement, bindings)
    return connection.changes() > 0


def _credential(
    userid: str, password_hash: str, scram: str, version: int, disabled: int, created_at: int, changed_at: int
) -> CredentialRow:
    return CredentialRow(userid, password_hash, scram, version, bool(disabled), created_at, changed_at)


def _app_password(
    userid: str,
    number: int,
    name: str,
    services: str,
    created_at: int,
    expires_at: int | None,
    salt: bytes,
    digest: bytes,
) -> AppPasswordRow:
    parts = tuple(services.split(",")) if services else ()
    return AppPasswordRow(userid, number, name, parts, created_at, expires_at, salt, digest)
