"""The table of options: one frozen class a subsystem, each field with its type, default and meaning."""

from .acl import AclSettings
from .annotations import AnnotationSettings
from .auth import AuthMech, AuthSettings, PtsModule, PwcheckMethod
from .autocreate import AutocreateSettings, FolderRight
from .delivery import DeliverySettings
from .directories import DirectorySettings
from .engine import EngineSettings
from .events import (
    SERVED_GROUPS,
    SERVED_NOTIFIERS,
    SERVED_PARAMETERS,
    ContentMode,
    DatagramFormat,
    EventGroup,
    EventNotifier,
    EventParameter,
    EventSettings,
)
from .hooks import ClamdHost, ClamdSocket, HookSettings, InfectedMail, ScanCommand, Scanner, UnscannedMail
from .imap import ImapSettings
from .kerberos import KerberosSettings
from .ldap import LdapDeref, LdapScope, LdapSettings, MemberMethod
from .limits import LimitSettings
from .lmtp import LmtpSettings
from .log import LogFormat, LogSettings, SyslogFacility
from .mailboxes import DeleteMode, ExpungeMode, MailboxSettings
from .namespace import NamespaceSettings, VirtDomains
from .oauth import OauthSettings, TokenAlgorithm
from .outgoing import OutgoingSettings, SmtpBackend
from .pop3 import Pop3Settings, UidlFormat
from .quota import QuotaSettings
from .server import ServerInfo, ServerSettings
from .sieve import SIEVE_EXTENSIONS, SieveSettings
from .sql import SqlEngine, SqlSettings
from .tls import (
    DEFAULT_CIPHERS,
    SERVED_TLS_VERSIONS,
    ClientCertificates,
    ClientSubject,
    TlsSettings,
    TlsVersion,
)
from .verifiers import SERVED_AUXPROP_PLUGINS, AuxpropPlugin, VerifierSettings

__all__ = [
    "DEFAULT_CIPHERS",
    "SERVED_AUXPROP_PLUGINS",
    "SERVED_GROUPS",
    "SERVED_NOTIFIERS",
    "SERVED_PARAMETERS",
    "SERVED_TLS_VERSIONS",
    "SIEVE_EXTENSIONS",
    "AclSettings",
    "AnnotationSettings",
    "AuthMech",
    "AuthSettings",
    "AutocreateSettings",
    "AuxpropPlugin",
    "ClamdHost",
    "ClamdSocket",
    "ClientCertificates",
    "ClientSubject",
    "ContentMode",
    "DatagramFormat",
    "DeleteMode",
    "DeliverySettings",
    "DirectorySettings",
    "EngineSettings",
    "EventGroup",
    "EventNotifier",
    "EventParameter",
    "EventSettings",
    "ExpungeMode",
    "FolderRight",
    "HookSettings",
    "ImapSettings",
    "InfectedMail",
    "KerberosSettings",
    "LdapDeref",
    "LdapScope",
    "LdapSettings",
    "LimitSettings",
    "LmtpSettings",
    "LogFormat",
    "LogSettings",
    "MailboxSettings",
    "MemberMethod",
    "NamespaceSettings",
    "OauthSettings",
    "OutgoingSettings",
    "Pop3Settings",
    "PtsModule",
    "PwcheckMethod",
    "QuotaSettings",
    "ScanCommand",
    "Scanner",
    "ServerInfo",
    "ServerSettings",
    "SieveSettings",
    "SmtpBackend",
    "SqlEngine",
    "SqlSettings",
    "SyslogFacility",
    "TlsSettings",
    "TlsVersion",
    "TokenAlgorithm",
    "UidlFormat",
    "UnscannedMail",
    "VerifierSettings",
    "VirtDomains",
]
