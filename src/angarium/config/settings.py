"""The settings of the server: one frozen tree, built whole from a file, handed down and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .options import (
    AclSettings,
    AnnotationSettings,
    AuthSettings,
    AutocreateSettings,
    DeliverySettings,
    DirectorySettings,
    EngineSettings,
    EventSettings,
    HookSettings,
    ImapSettings,
    KerberosSettings,
    LdapSettings,
    LimitSettings,
    LmtpSettings,
    LogSettings,
    MailboxSettings,
    NamespaceSettings,
    OauthSettings,
    OutgoingSettings,
    Pop3Settings,
    QuotaSettings,
    ServerSettings,
    SieveSettings,
    SqlSettings,
    TlsSettings,
    VerifierSettings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, by subsystem; of one service, or of all that have none of their own."""

    directories: DirectorySettings
    server: ServerSettings
    log: LogSettings
    auth: AuthSettings
    verifiers: VerifierSettings
    kerberos: KerberosSettings
    sql: SqlSettings
    ldap: LdapSettings
    oauth: OauthSettings
    tls: TlsSettings
    namespace: NamespaceSettings
    acl: AclSettings
    annotations: AnnotationSettings
    mailboxes: MailboxSettings
    imap: ImapSettings
    lmtp: LmtpSettings
    pop3: Pop3Settings
    delivery: DeliverySettings
    autocreate: AutocreateSettings
    hooks: HookSettings
    sieve: SieveSettings
    outgoing: OutgoingSettings
    events: EventSettings
    quota: QuotaSettings
    limits: LimitSettings
    engine: EngineSettings
    services: Mapping[str, "Settings"] = field(default_factory=dict, repr=False)
    """The settings of services that have their own; use `for_service`."""

    def for_service(self, name: str) -> "Settings":
        """The settings of the service of this name in cyrus.conf."""
        return self.services.get(name, self)
