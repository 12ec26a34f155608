"""Who may log in, and how."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from angarium.config.kinds import Chosen, Duration, Number, Switch, Words
from angarium.config.option import Scope, option


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
