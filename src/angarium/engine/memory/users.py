"""What is known of users beside their mail, in dictionaries."""

from dataclasses import replace
from typing import assert_never

from angarium.engine.rows import CredentialRow
from angarium.engine.sources import Sources
from angarium.engine.users import (
    EVERYBODY,
    LOGINS_KEPT,
    ActivateTotp,
    AddAppPassword,
    AddCredential,
    AppPasswordRow,
    AppPasswordUse,
    ChangePassword,
    DenialRow,
    LoginRow,
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
from angarium.errors import UserNotFound


class Users:
    """The users' part of a `MemoryEngine`."""

    def __init__(self, sources: Sources) -> None:
        self.credentials: dict[str, CredentialRow] = {}
        self._sources = sources
        self._secret = b""
        self._app_passwords: dict[tuple[str, str], AppPasswordRow] = {}
        self._totp: dict[str, TotpRow] = {}
        self._shared_secrets: dict[tuple[str, str], SharedSecretRow] = {}
        self._denials: dict[str, DenialRow] = {}
        self._logins: dict[str, list[LoginRow]] = {}
        self._uses: dict[tuple[str, int], AppPasswordUse] = {}

    def secret(self) -> bytes:
        """See `Engine.site_secret`; made when it is first asked for."""
        if not self._secret:
            self._secret = b"".join([self._sources.random_63().to_bytes(8, "big") for _ in range(4)])
        return self._secret

    def user(self, userid: str) -> UserRow:
        """See `Engine.user`."""
        denied = [self._denials[each] for each in sorted({userid, EVERYBODY}) if each in self._denials]
        return UserRow(
            userid,
            self.credentials.get(userid),
            tuple([self._app_passwords[key] for key in sorted(self._app_passwords) if key[0] == userid]),
            self._totp.get(userid),
            tuple([self._shared_secrets[key] for key in sorted(self._shared_secrets) if key[0] == userid]),
            tuple(denied),
        )

    def users(self) -> list[UserRow]:
        """See `Engine.users`."""
        keys = [*self._app_passwords, *self._shared_secrets]
        return [self.user(userid) for userid in sorted({*self.credentials, *self._totp, *[key[0] for key in keys]})]

    def all_denials(self) -> list[DenialRow]:
        """By user id."""
        return [self._denials[userid] for userid in sorted(self._denials)]

    def remove(self, userid: str) -> None:
        """See `Engine.remove_credential`."""
        if userid not in [user.userid for user in self.users()]:
            raise UserNotFound(f"no credential of {userid}")
        self.credentials.pop(userid, None)
        self._totp.pop(userid, None)
        self._logins.pop(userid, None)
        self._app_passwords = {key: row for key, row in self._app_passwords.items() if key[0] != userid}
        self._shared_secrets = {key: row for key, row in self._shared_secrets.items() if key[0] != userid}
        self._uses = {key: use for key, use in self._uses.items() if key[0] != userid}

    def change(self, change: UserChange) -> bool:
        """See `Engine.change_user`."""
        match change:
            case AddCredential(credential):
                return self.credentials.setdefault(credential.userid, credential) is credential
            case ChangePassword():
                return self._change_password(change)
            case SetDisabled():
                return self._set_disabled(change)
            case AddAppPassword(row):
                return self._app_passwords.setdefault((row.userid, row.name), row) is row
            case RemoveAppPassword(userid, name):
                return self._app_passwords.pop((userid, name), None) is not None
            case PutTotp(totp):
                return self._put_totp(totp)
            case ActivateTotp():
                return self._activate_totp(change)
            case RemoveTotp(userid):
                return self._totp.pop(userid, None) is not None
            case UseTotpStep(userid, step):
                return self._use_step(userid, step)
            case PutSharedSecret(secret):
                self._shared_secrets[secret.userid, secret.realm] = secret
                return True
            case RemoveSharedSecret(userid, realm):
                return self._shared_secrets.pop((userid, realm), None) is not None
            case PutDenial(denial):
                self._denials[denial.userid] = denial
                return True
            case RemoveDenial(userid):
                return self._denials.pop(userid, None) is not None
            case UpgradeHash():
                return self._upgrade(change)
            case _:
                assert_never(change)

    def has_shared_secrets(self) -> bool:
        """Whether anybody has one."""
        return bool(self._shared_secrets)

    def note_login(self, login: LoginRow) -> None:
        """See `Engine.note_login`."""
        self._logins[login.userid] = [login, *self._logins.get(login.userid, [])][:LOGINS_KEPT]
        if login.app_password is not None:
            self._uses[login.acted_by or login.userid, login.app_password] = AppPasswordUse(login.at_s, login.address)

    def logins(self, userid: str) -> list[LoginRow]:
        """Newest first."""
        return list(self._logins.get(userid, []))

    def uses(self, userid: str) -> dict[int, AppPasswordUse]:
        """By number of the app password."""
        return {number: use for (user, number), use in self._uses.items() if user == userid}

    def _change_password(self, change: ChangePassword) -> bool:
        credential = self.credentials.get(change.userid)
        if credential is None:
            return False
        self.credentials[change.userid] = replace(
            credential,
            password_hash=change.password_hash,
            scram=change.scram,
            version=credential.version + change.version_step,
            changed_at_s=change.changed_at_s,
        )
        return True

    def _set_disabled(self, change: SetDisabled) -> bool:
        credential = self.credentials.get(change.userid)
        if credential is None:
            return False
        self.credentials[change.userid] = replace(
            credential, disabled=change.disabled, changed_at_s=change.changed_at_s
        )
        return True

    def _put_totp(self, row: TotpRow) -> bool:
        present = self._totp.get(row.userid)
        if present is not None and present.is_active:
            return False
        self._totp[row.userid] = row
        return True

    def _activate_totp(self, change: ActivateTotp) -> bool:
        totp = self._totp.get(change.userid)
        if totp is None or totp.secret != change.secret or change.step <= totp.last_step:
            return False
        self._totp[change.userid] = replace(totp, is_active=True, last_step=change.step)
        return True

    def _use_step(self, userid: str, step: int) -> bool:
        totp = self._totp.get(userid)
        if totp is None or step <= totp.last_step:
            return False
        self._totp[userid] = replace(totp, last_step=step)
        return True

    def _upgrade(self, change: UpgradeHash) -> bool:
        credential = self.credentials.get(change.userid)
        if credential is None or credential.password_hash != change.old_hash:
            return False
        self.credentials[change.userid] = replace(credential, password_hash=change.password_hash, scram=change.scram)
        return True
