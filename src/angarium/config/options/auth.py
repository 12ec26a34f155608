"""Who may log in, and how."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from angarium.config.kinds import Chosen, Duration, FilePath, Number, Switch, ValueRefused, Words
from angarium.config.option import Scope, option, optional


class PwcheckMethod(StrEnum):
    """Who checks a password that arrives in plain text."""

    AUXPROP = "auxprop"
    SASLAUTHD = "saslauthd"
    PWCHECK = "pwcheck"
    AUTHDAEMOND = "authdaemond"
    ALWAYSTRUE = "alwaystrue"
    PAM = "pam"


SERVED_PWCHECK_METHODS = frozenset({PwcheckMethod.AUXPROP})
"""The others are recognised, and nobody is checked by them."""


class AuthMech(StrEnum):
    """Where Cyrus would look for the groups of users."""

    UNIX = "unix"


_OTHER_AUTH_MECHS: Final = {
    "pts": "groups of AFS and LDAP are not served yet; unix has those that the system knows from a directory",
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
        Chosen(PwcheckMethod),
        "auxprop",
        meaning="Who checks passwords. `auxprop` means the users of `angarium user`. The other methods of Cyrus are "
        "recognised and logged; nobody is checked by them.",
    )
    sasl_mech_list: tuple[str, ...] = option(
        Words(allowed="names of SASL mechanisms separated by spaces", change=str.upper),
        "",
        meaning="The SASL mechanisms offered, of those that there are. Empty means all.",
    )
    username_tolower: bool = option(Switch(), "yes", meaning="Lower the case of user names at login.")
    allowanonymouslogin: bool = option(
        Switch(),
        "no",
        meaning="Let in who does not say who she is: by the SASL mechanism ANONYMOUS, or as the user `anonymous` with "
        "any password. She has the rights of `anonymous` and `anyone`, and neither mailboxes nor subscriptions of her "
        "own. TLS is only asked for where `tls_required` is on. What she gives in place of a name or password goes to "
        "the log.",
    )
    auth_mech: AuthMech = option(
        ServedAuthMech(),
        "unix",
        scope=Scope.SERVER,
        meaning="Where the groups of `group:NAME` in ACLs come from, beside `groupfile`. With any other value of "
        "Cyrus the server does not start, since entries that deny something to a group would deny it to nobody.",
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
