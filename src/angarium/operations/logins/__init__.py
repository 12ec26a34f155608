"""Logins, as the front ends of all protocols ask for them."""

from angarium.auth import Over, Peer
from angarium.operations.logins.actingfor import may_act_for
from angarium.operations.logins.interface import (
    LOGIN_REFUSALS,
    Continue,
    LoggedIn,
    LoginExchange,
    Logins,
    Place,
    UserIn,
)
from angarium.operations.logins.secured import SECURED, Secured, secured, secured_peer
from angarium.operations.logins.servicelogins import PLAINTEXT, MechanismExchange, ServiceLogins

__all__ = [
    "LOGIN_REFUSALS",
    "PLAINTEXT",
    "SECURED",
    "Continue",
    "LoggedIn",
    "LoginExchange",
    "Logins",
    "MechanismExchange",
    "Over",
    "Peer",
    "Place",
    "Secured",
    "ServiceLogins",
    "UserIn",
    "may_act_for",
    "secured",
    "secured_peer",
]
