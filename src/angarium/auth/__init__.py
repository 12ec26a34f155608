"""Who may log in: passwords, verifiers, logins, groups, and the users of the store."""

from angarium.auth.groups import Groups, GroupSource
from angarium.auth.login import AuthenticatedUser, Authenticator, LoginContext, actor_of
from angarium.auth.passwords import PasswordCost, PasswordKeys, Passwords, needs_rehash
from angarium.auth.policy import LoginPolicy, canonical_userid
from angarium.auth.throttle import LoginThrottle, Throttle
from angarium.auth.users import UserMail, add_user, delete_user, list_users, set_password
from angarium.auth.verifiedlogins import VerifiedLogins
from angarium.auth.verifiers import CredentialStamp, NoVerifier, StoreVerifier, Verifier, is_current, verifier_for

__all__ = [
    "AuthenticatedUser",
    "Authenticator",
    "CredentialStamp",
    "GroupSource",
    "Groups",
    "LoginContext",
    "LoginPolicy",
    "LoginThrottle",
    "NoVerifier",
    "PasswordCost",
    "PasswordKeys",
    "Passwords",
    "StoreVerifier",
    "Throttle",
    "UserMail",
    "VerifiedLogins",
    "Verifier",
    "actor_of",
    "add_user",
    "canonical_userid",
    "delete_user",
    "is_current",
    "list_users",
    "needs_rehash",
    "set_password",
    "verifier_for",
]
