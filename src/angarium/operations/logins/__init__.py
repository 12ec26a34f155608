"""Logins, as the front ends of all protocols ask for them."""

from angarium.operations.logins.actingfor import may_act_for
from angarium.operations.logins.interface import Continue, LoggedIn, LoginExchange, Logins, Peer, Place
from angarium.operations.logins.secured import SECURED, Secured, secured, secured_peer
from angarium.operations.logins.servicelogins import PLAINTEXT, MechanismExchange, ServiceLogins

__all__ = [
    "PLAINTEXT",
    "SECURED",
    "Continue",
    "LoggedIn",
    "LoginExchange",
    "Logins",
    "MechanismExchange",
    "Peer",
    "Place",
    "Secured",
    "ServiceLogins",
    "may_act_for",
    "secured",
    "secured_peer",
]
