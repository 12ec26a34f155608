"""The table of options: one frozen class a subsystem, each field with its type, default and meaning."""

from .acl import AclSettings
from .annotations import AnnotationSettings
from .auth import AuthMech, AuthSettings, PwcheckMethod
from .directories import DirectorySettings
from .engine import EngineSettings
from .imap import ImapSettings
from .limits import LimitSettings
from .lmtp import LmtpSettings
from .log import LogFormat, LogSettings, SyslogFacility
from .mailboxes import DeleteMode, ExpungeMode, MailboxSettings
from .namespace import NamespaceSettings, VirtDomains
from .quota import QuotaSettings
from .server import ServerInfo, ServerSettings
from .tls import TlsSettings, TlsVersion

__all__ = [
    "AclSettings",
    "AnnotationSettings",
    "AuthMech",
    "AuthSettings",
    "DeleteMode",
    "DirectorySettings",
    "EngineSettings",
    "ExpungeMode",
    "ImapSettings",
    "LimitSettings",
    "LmtpSettings",
    "LogFormat",
    "LogSettings",
    "MailboxSettings",
    "NamespaceSettings",
    "PwcheckMethod",
    "QuotaSettings",
    "ServerInfo",
    "ServerSettings",
    "SyslogFacility",
    "TlsSettings",
    "TlsVersion",
    "VirtDomains",
]
