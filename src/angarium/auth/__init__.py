"""Who may log in: passwords, verifiers, logins, groups, and the users of the store."""

from angarium.auth.access import AccessRules
from angarium.auth.groups import Groups, GroupSource
from angarium.auth.hostdomains import HostDomains
from angarium.auth.login import AuthenticatedUser, Authenticator, LoginContext
from angarium.auth.passwords import PasswordCost, PasswordKeys, Passwords, needs_rehash
from angarium.auth.peer import Peer
from angarium.auth.policy import LoginPolicy, canonical_userid
from angarium.auth.proof import ProofCheck
from angarium.auth.standing import Over, Standing, is_current, why_over
from angarium.auth.throttle import CodeThrottle, LocalScores, LoginThrottle, Score, Scores, Throttle, decayed
from angarium.auth.users import UserMail, add_user, delete_user, list_users, set_password
from angarium.auth.verifiedlogins import VerifiedLogins
from angarium.auth.verifiers import SecondFactor, StoreKeys, StoreVerifier, Verifiers, VerifierSet
from angarium.auth.verifying import (
    CredentialStamp,
    GssAcceptor,
    GssContext,
    KeySource,
    KnownKeys,
    KnownSecret,
    PasswordLogin,
    PasswordVerifier,
    SecretSource,
    TokenUser,
    TokenVerifier,
)

__all__ = [
    "AccessRules",
    "AuthenticatedUser",
    "Authenticator",
    "CodeThrottle",
    "CredentialStamp",
    "GroupSource",
    "Groups",
    "GssAcceptor",
    "GssContext",
    "HostDomains",
    "KeySource",
    "KnownKeys",
    "KnownSecret",
    "LocalScores",
    "LoginContext",
    "LoginPolicy",
    "LoginThrottle",
    "Over",
    "PasswordCost",
    "PasswordKeys",
    "PasswordLogin",
    "PasswordVerifier",
    "Passwords",
    "Peer",
    "ProofCheck",
    "Score",
    "Scores",
    "SecondFactor",
    "SecretSource",
    "Standing",
    "StoreKeys",
    "StoreVerifier",
    "Throttle",
    "TokenUser",
    "TokenVerifier",
    "UserMail",
    "VerifiedLogins",
    "VerifierSet",
    "Verifiers",
    "add_user",
    "canonical_userid",
    "decayed",
    "delete_user",
    "is_current",
    "list_users",
    "needs_rehash",
    "set_password",
    "why_over",
]
