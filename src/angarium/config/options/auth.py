"""Who may log in, and how."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from angarium.config.kinds import Chosen, Duration, FilePath, Number, Switch, Text, ValueRefused, Words
from angarium.config.option import Scope, option, optional


class PwcheckMethod(StrEnum):
    """Who checks a password that arrives in plain text."""

    ANGARIUM = "angarium"
    SASLAUTHD = "saslauthd"
    AUXPROP = "auxprop"
    PAM = "pam"
    PASSWD = "passwd"
    SHADOW = "shadow"
    HTPASSWD = "htpasswd"
    LDAP = "ldap"
    SQL = "sql"
    ALWAYSTRUE = "alwaystrue"


_OTHER_PWCHECK_METHODS: Final = {
    "pwcheck": "pwcheck was replaced by saslauthd; run that one",
    "authdaemond": "authdaemond of Courier is not asked; saslauthd, pam, or a file of hashes may have the same users",
}


@dataclass(frozen=True, slots=True)
class PwcheckMethods:
    """`sasl_pwcheck_method`. What is not served is refused, since logins would fail for want of it."""

    name: str = "choices"
    allowed: str = Chosen(PwcheckMethod).allowed
    unit: str = ""

    def parse(self, text: str) -> tuple[PwcheckMethod, ...]:
        for word in text.lower().split():
            if word in _OTHER_PWCHECK_METHODS:
                raise ValueRefused(_OTHER_PWCHECK_METHODS[word])
        return Chosen(PwcheckMethod).parse(text)


class AuthMech(StrEnum):
    """Where Cyrus would look for the groups of users."""

    UNIX = "unix"
    PTS = "pts"


_OTHER_AUTH_MECHS: Final = {
    "krb": "Kerberos 4 is not served",
    "krb5": "names of Kerberos are not served, and it has no groups",
    "mboxgroups": "groups that are kept among the mailboxes are not served yet; use groupfile",
}


@dataclass(frozen=True, slots=True)
class ServedAuthMech:
    """`auth_mech`. Another one is refused and not passed over: without its groups, an ACL that denies a group something
    would deny it to nobody."""

    name: str = "choice"
    allowed: str = ", ".join(AuthMech)
    unit: str = ""

    def parse(self, text: str) -> AuthMech:
        word = text.lower()
        try:
            return AuthMech(word)
        except ValueError:
            raise ValueRefused(_OTHER_AUTH_MECHS.get(word, "not one of those allowed")) from None


class PtsModule(StrEnum):
    """Whom `auth_mech: pts` asks."""

    LDAP = "ldap"


_OTHER_PTS_MODULES: Final = {
    "afskrb": "groups of AFS are not served",
    "http": "groups are not asked for over HTTP; groupfile or sql_groups_select may have them",
}


@dataclass(frozen=True, slots=True)
class ServedPtsModule:
    """`pts_module`. Another one is refused, as another `auth_mech` is."""

    name: str = "choice"
    allowed: str = ", ".join(PtsModule)
    unit: str = ""

    def parse(self, text: str) -> PtsModule:
        word = text.lower()
        try:
            return PtsModule(word)
        except ValueError:
            raise ValueRefused(_OTHER_PTS_MODULES.get(word, "not one of those allowed")) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Logins."""

    admins: tuple[str, ...] = option(
        Words(allowed="user names separated by spaces"),
        "",
        meaning="The administrators. They see every mailbox and may change its rights; they should have no mail of "
        "their own.",
    )
    allowplaintext: bool = option(
        Switch(),
        "no",
        meaning="Accept passwords on connections without TLS. Leave it off wherever a network is crossed.",
    )
    sasl_pwcheck_method: tuple[PwcheckMethod, ...] = option(
        PwcheckMethods(),
        "angarium",
        meaning="Who checks passwords, asked in this order until one finds the password right. `angarium` is the users "
        "of `angarium user`; `saslauthd` the daemon of Cyrus SASL; `auxprop` those who know passwords as they are "
        "(`sasl_auxprop_plugin`); `pam` the PAM of the machine; `passwd`, `shadow` and `htpasswd` are files; "
        "`ldap` is a directory (`ldap_uri`), `sql` a database (`sasl_sql_select`). "
        "`alwaystrue` takes any password from this machine itself, for tests. Where one cannot be asked, a password "
        "that no other finds right is a temporary failure, and not a wrong one.",
    )
    sasl_mech_list: tuple[str, ...] = option(
        Words(allowed="names of SASL mechanisms separated by spaces", change=str.upper),
        "",
        meaning="The SASL mechanisms offered, of those that there are. Empty means all.",
    )
    username_tolower: bool = option(Switch(), "yes", at_start=True, meaning="Lower the case of user names at login.")
    allowanonymouslogin: bool = option(
        Switch(),
        "no",
        meaning="Let in who does not say who she is: by the SASL mechanism ANONYMOUS, or as the user `anonymous` with "
        "any password. She has the rights of `anonymous` and `anyone`, and neither mailboxes nor subscriptions of her "
        "own. TLS is only asked for where `tls_required` is on. What she gives in place of a name or password goes to "
        "the log.",
    )
    proxyservers: tuple[str, ...] = option(
        Words(allowed="user names separated by spaces"),
        "",
        meaning="Users who may log in as any other user but an administrator, by naming her as the one to act for; "
        "they are no administrators themselves. For servers that stand before this one, such as a webmail.",
    )
    loginuseacl: bool = option(
        Switch(),
        "no",
        meaning="Whoever has the right `a` on a user's INBOX may log in as that user, with her own name and password, "
        "by naming the user as the one to act for.",
    )
    plaintextloginpause: timedelta = option(
        Duration(), "0", meaning="How long a login is held back whose password came without TLS, to teach users."
    )
    plaintextloginalert: str = option(
        Text(allowed="a line of ASCII", pattern=r"[ -~]*"),
        "",
        meaning="What IMAP tells a user, as an alert, whose password came without TLS.",
    )
    access_rules: Path | None = optional(
        FilePath(),
        added=True,
        meaning="A file of rules on who may use which service from where, of which the first that fits decides: "
        "`allow` or `deny`, services, users, addresses. It is read at the start and at HUP; see the page on access.",
    )
    hosts_allow: Path | None = optional(
        FilePath(),
        added=True,
        meaning="A file in the syntax of hosts_access(5), such as /etc/hosts.allow, with addresses and not names of "
        "hosts. Whom a line fits is let in. It is asked after `access_rules`.",
    )
    hosts_deny: Path | None = optional(
        FilePath(),
        added=True,
        meaning="Likewise, such as /etc/hosts.deny: whom a line fits that `hosts_allow` has not let in is turned away.",
    )
    auth_mech: AuthMech = option(
        ServedAuthMech(),
        "unix",
        scope=Scope.SERVER,
        meaning="Where the groups of `group:NAME` in ACLs come from, beside `groupfile` and `sql_groups_select`: "
        "`unix` is `unix_group_enable`, `pts` whom `pts_module` names. With any other value of "
        "Cyrus the server does not start, since entries that deny something to a group would deny it to nobody.",
    )
    pts_module: PtsModule | None = optional(
        ServedPtsModule(),
        scope=Scope.SERVER,
        meaning="Whom `auth_mech: pts` asks for groups: `ldap` is the directory of `ldap_uri`. It must be set then.",
    )
    unix_group_enable: bool = option(
        Switch(),
        "no",
        scope=Scope.SERVER,
        meaning="A user is in the groups of the system's user of the same name, as `id -Gn NAME` tells them; with a "
        "domain, the whole address is the name. Cyrus has it on. Here users need not be users of the system, and one "
        "who was given a name that the system has too would be in groups that nobody meant for her.",
    )
    groupfile: Path | None = optional(
        FilePath(),
        scope=Scope.SERVER,
        added=True,
        meaning="A file in the syntax of /etc/group, `name:password:number:member,member`, whose members are users as "
        "they log in. Password and number are not looked at. It is read again when it has changed; replace it by a "
        "rename. A file that is not there, or has a fault, is refused as a whole, and a temporary failure.",
    )
    groups_kept: timedelta = option(
        Duration(),
        "1m",
        scope=Scope.SERVER,
        added=True,
        meaning="How long a worker goes by what it learnt of a user's groups; sessions follow with their next "
        "command. 0 asks at every command. While a source cannot be asked, the last answer holds ten times as long.",
    )
    failedloginpause: timedelta = option(
        Duration(), "3s", meaning="How long the answer to a failed login is held back."
    )
    maxlogins_per_host: int = option(
        Number(), "0", meaning="Sessions that one client address may have at a time, over all workers; 0: no limit."
    )
    maxlogins_per_user: int = option(
        Number(), "0", meaning="Sessions that one user may have at a time, over all workers; 0: no limit."
    )
    verified_login_kept: timedelta = option(
        Duration(),
        "5m",
        scope=Scope.SERVER,
        added=True,
        meaning="How long a worker remembers that a password was right, as a keyed digest that dies with any change "
        "of the credential. 0 checks every login anew.",
    )

    def __post_init__(self) -> None:
        if self.auth_mech is AuthMech.PTS and self.pts_module is None:
            raise ValueError("pts_module: it is not set, and auth_mech is pts; allowed: " + ", ".join(PtsModule))
