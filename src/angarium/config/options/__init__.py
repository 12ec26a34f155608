"""The table of options: one frozen class a subsystem, each field with its type, default and meaning."""

from .acl import AclSettings
from .annotations import AnnotationSettings
from .auth import AuthMech, AuthSettings, PwcheckMethod
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
from .limits import LimitSettings
from .lmtp import LmtpSettings
from .log import LogFormat, LogSettings, SyslogFacility
from .mailboxes import DeleteMode, ExpungeMode, MailboxSettings
from .namespace import NamespaceSettings, VirtDomains
from .outgoing import OutgoingSettings, SmtpBackend
from .quota import QuotaSettings
from .server import ServerInfo, ServerSettings
from .sieve import SIEVE_EXTENSIONS, SieveSettings
from .tls import TlsSettings, TlsVersion

__all__ = [
    "SERVED_GROUPS",
    "SERVED_NOTIFIERS",
    "SERVED_PARAMETERS",
    "SIEVE_EXTENSIONS",
    "AclSettings",
    "AnnotationSettings",
    "AuthMech",
    "AuthSettings",
    "AutocreateSettings",
    "ClamdHost",
    "ClamdSocket",
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
    "LimitSettings",
    "LmtpSettings",
    "LogFormat",
    "LogSettings",
    "MailboxSettings",
    "NamespaceSettings",
    "OutgoingSettings",
    "PwcheckMethod",
    "QuotaSettings",
    "ScanCommand",
    "Scanner",
    "ServerInfo",
    "ServerSettings",
    "SieveSettings",
    "SmtpBackend",
    "SyslogFacility",
    "TlsSettings",
    "TlsVersion",
    "UnscannedMail",
    "VirtDomains",
]
