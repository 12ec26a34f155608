"""Users and groups in an LDAP directory."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from angarium.config.kinds import Choice, Duration, FilePath, SecretText, Switch, Text, Words
from angarium.config.option import option, optional
from angarium.config.secret import Secret


class LdapScope(StrEnum):
    """How far below the base a search goes."""

    SUB = "sub"
    ONE = "one"
    BASE = "base"


class LdapDeref(StrEnum):
    """When an alias is followed."""

    NEVER = "never"
    SEARCH = "search"
    FIND = "find"
    ALWAYS = "always"


class LdapMechanism(StrEnum):
    """How the server says by SASL who it is."""

    EXTERNAL = "external"
    SCRAM_SHA_512 = "scram-sha-512"
    SCRAM_SHA_256 = "scram-sha-256"
    SCRAM_SHA_1 = "scram-sha-1"
    DIGEST_MD5 = "digest-md5"
    CRAM_MD5 = "cram-md5"
    PLAIN = "plain"


class MemberMethod(StrEnum):
    """Where it is written who is in which group."""

    ATTRIBUTE = "attribute"
    FILTER = "filter"


_PLACEHOLDERS = (
    "`%u` is the user, `%U` the user without a domain, `%d` or `%R` her domain (without one `defaultdomain`, or else "
    "`servername`), `%1` to `%9` the parts of the domain from the right, `%%` a percent sign"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    """The directory of the method `ldap`, and of `auth_mech: pts` with `pts_module: ldap`."""

    ldap_uri: tuple[str, ...] = option(
        Words(allowed="ldap://, ldaps:// or ldapi:// URIs separated by spaces"),
        "",
        meaning="The directory's servers, of which the first that answers is taken.",
    )
    ldap_base: str = option(Text(), "", meaning=f"Below which entry users are looked for; {_PLACEHOLDERS}.")
    ldap_filter: str = option(
        Text(), "(uid=%u)", meaning="Which entry is the user's, with the same placeholders; it must be one alone."
    )
    ldap_scope: LdapScope = option(Choice(LdapScope), "sub", meaning="How far below `ldap_base`.")
    ldap_user_dn: str = option(
        Text(),
        "",
        added=True,
        meaning="The name of a user's entry, such as `uid=%U,ou=people,dc=example,dc=org`. Where it is set, no "
        "entry is looked for.",
    )
    ldap_bind_dn: str = option(
        Text(), "", meaning="As whom the server looks for users and groups; empty means as nobody."
    )
    ldap_password: Secret = option(SecretText(), "", meaning="The password of `ldap_bind_dn`.")
    ldap_sasl: bool = option(
        Switch(),
        "no",
        meaning="The server says by SASL who it is, in place of `ldap_bind_dn`. Cyrus has it on. Users' passwords are "
        "always checked by a bind with a name.",
    )
    ldap_sasl_mech: LdapMechanism | None = optional(
        Choice(LdapMechanism),
        meaning="By which mechanism. `external` is for `ldapi://`, where the directory knows the system's user, and "
        "for `ldap_client_cert`; `plain` for TLS.",
    )
    ldap_sasl_authc: str = option(Text(), "", meaning="The name that the mechanism proves, but for `external`.")
    ldap_sasl_authz: str = option(
        Text(), "", meaning="As whom the server then looks for users, such as `dn:cn=mail,dc=example,dc=org`."
    )
    ldap_sasl_password: Secret = option(SecretText(), "", meaning="The password of `ldap_sasl_authc`.")
    ldap_sasl_realm: str = option(
        Text(), "", meaning="The realm of `ldap_sasl_authc`, for `digest-md5`; empty means the directory's first."
    )
    ldap_deref: LdapDeref = option(Choice(LdapDeref), "never", meaning="When aliases are followed.")
    ldap_time_limit: timedelta = option(
        Duration(minimum=timedelta(seconds=1)), "5s", meaning="How long a search may take."
    )
    ldap_timeout: timedelta = option(
        Duration(minimum=timedelta(seconds=1)), "5s", meaning="How long a connection, or an answer, is waited for."
    )
    ldap_start_tls: bool = option(
        Switch(), "no", meaning="Begin TLS on connections of `ldap://`, before any password is sent."
    )
    ldap_verify_peer: bool = option(
        Switch(),
        "yes",
        meaning="With TLS, take only a server whose certificate is right. Cyrus has it off; here users' passwords are "
        "sent.",
    )
    ldap_ca_file: Path | None = optional(
        FilePath(), meaning="The certificates of those who sign the directory's; unset means the machine's own."
    )
    ldap_ca_dir: Path | None = optional(FilePath(), meaning="Likewise, a directory of files, named by their hashes.")
    ldap_ciphers: str = option(Text(), "", meaning="The ciphers of TLS, in the words of the library behind libldap.")
    ldap_client_cert: Path | None = optional(FilePath(), meaning="The server's own certificate for the directory.")
    ldap_client_key: Path | None = optional(FilePath(), meaning="Its key.")
    ldap_member_method: MemberMethod = option(
        Choice(MemberMethod),
        "attribute",
        meaning="Where groups stand: `attribute` in the user's entry, `filter` in entries of groups.",
    )
    ldap_member_attribute: str = option(
        Text(pattern=r"[A-Za-z][A-Za-z0-9;.-]*|", allowed="the name of an attribute"),
        "",
        meaning="The attribute that names a group: of the user's entry, such as `memberOf`, or of the group's, such as "
        "`cn`. Groups need it.",
    )
    ldap_member_base: str = option(Text(), "", meaning="Below which entry groups are looked for, for `filter`.")
    ldap_member_filter: str = option(
        Text(),
        "(member=%D)",
        meaning="Which entries are groups of the user, for `filter`; `%D` is the name of her entry, and the other "
        "placeholders are those of `ldap_filter`.",
    )
    ldap_member_scope: LdapScope = option(Choice(LdapScope), "sub", meaning="How far below `ldap_member_base`.")
    ldap_group_base: str = option(
        Text(),
        "",
        meaning="A value of `ldap_member_attribute` that is the name of an entry below this one means the group of its "
        "first part: `cn=sales,ou=groups,dc=example` is `group:sales` with `ou=groups,dc=example`. Without it, such a "
        "group has the whole name.",
    )
