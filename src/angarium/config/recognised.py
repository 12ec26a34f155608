"""Names of options that Cyrus has and this server does not obey: each is recognised, and using one says why.

Two sorts: those that belong to a part which is not there yet, and those which cannot mean anything here. Names that
Cyrus itself has given up stand in `OLD_NAMES` with the name that took their place.
"""

import re
from dataclasses import dataclass
from typing import Final

from .kinds import FALSE_WORDS


@dataclass(frozen=True, slots=True)
class Recognised:
    """What to say of an option without effect."""

    served_later: bool
    """It has no effect yet; else it never will."""
    why: str


@dataclass(frozen=True, slots=True)
class Form:
    """A family of names."""

    shown: str
    pattern: str
    recognised: Recognised


@dataclass(frozen=True, slots=True)
class NewName:
    """The name that took the place of an older one."""

    name: str
    since: str | None
    """The version of Cyrus; None for a spelling that only old manuals have."""


_NOT_SERVED_YET: Final = {
    "separate places for parts of a partition": "metapartition_files",
    "the choice among partitions; name one in defaultpartition": "partition_select_mode partition_select_exclude "
    "partition_select_soft_usage_limit partition_select_usage_reinit",
    "tuning of sockets": "tcp_keepalive tcp_keepalive_cnt tcp_keepalive_idle tcp_keepalive_intvl qosmarking",
    "connections to other servers": "client_bind client_bind_name client_timeout force_sasl_client_mech",
    "telemetry and detailed logs": "auditlog iolog chatty commandmintimer lock_debugtime",
    "further ways to log in": "imapmagicplus",
    "groups of AFS and over HTTP": "ptskrb5_convert524 ptskrb5_strip_default_realm afspts_localrealms "
    "afspts_mycell httppts_uri",
    "references of a directory to other servers, and bases of domains that are looked up": "ldap_referrals "
    "ldap_domain_base_dn ldap_domain_filter ldap_domain_name_attribute ldap_domain_result_attribute "
    "ldap_domain_scope ldap_user_attribute ldap_groupmember_attribute",
    "TLS towards other servers": "tls_client_ca_file tls_client_ca_dir tls_client_cert tls_client_key",
    "fine settings of LIST and of names": "foolstupidclients ignorereference disable_user_namespace "
    "disable_shared_namespace allowallsubscribe crossdomains crossdomains_onlyother notesmailbox",
    "defaults and bounds of mailboxes": "mailbox_initial_flags mailbox_default_options mailbox_maxmessages_email "
    "mailbox_maxmessages_calendar mailbox_maxmessages_addressbook",
    "fine settings of rights": "acl_admin_implies_write",
    "fine settings of deletion": "allowdeleted delete_unsubscribe autoexpunge disconnect_on_vanished_mailbox "
    "expire_by_savedate expire_keep_flagged",
    "archiving": "archive_enabled archive_after archive_keepflagged archive_maxsize",
    "the renaming of users over IMAP": "allowusermoves",
    "annotations": "admins_get_internal_seen",
    "IMAP extensions that come later": "imap_inprogress_interval submitservers netscapeurl uidbatches_min_batch "
    "uidbatches_max_messages",
    "conversations beyond thread ids": "conversations conversations_counted_flags conversations_expire_after "
    "conversations_keep_existing conversations_max_thread conversations_max_guidrecords conversations_max_guidexists "
    "conversations_max_guidinfolder",
    "fine settings of quotas": "quota_use_conversations",
    "Sieve scripts outside the store": "sieve_folder sievenotifier "
    "sieve_mdn_private sieve_mdn_original_recipient_header",
    "notifications": "mailnotifier imipnotifier aps_topic aps_topic_caldav aps_topic_carddav aps_expiry",
    "full-text search": "search_engine defaultsearchtier search_batchsize search_fuzzy_always search_index_headers "
    "search_index_language search_index_skip_domains search_index_skip_users search_maxsize search_maxtime "
    "search_normalisation_max search_queryscan search_skipdiacrit search_skiphtml search_snippet_length "
    "search_stopword_path search_whitespace search_attachment_extractor_url "
    "search_attachment_extractor_request_timeout search_attachment_extractor_idle_timeout",
    "HTTP, CalDAV, CardDAV and WebDAV": "httpmodules httptimeout httpkeepalive httpdocroot httpallowedurls "
    "httpallowcors httpallowcompress httpallowtrace httpcontentmd5 httplogheaders httpprettytelemetry "
    "http_h2_altsvc http_jwt_key_dir http_jwt_max_age websocket_timeout addressbookprefix calendarprefix "
    "davdriveprefix davnotificationsprefix dav_realm dav_lock_timeout caldav_allowscheduling caldav_allowattach "
    "caldav_allowcalendaradmin caldav_accept_invalid_rrules caldav_create_default caldav_create_sched "
    "caldav_create_attach caldav_historical_age caldav_maxdatetime caldav_mindatetime caldav_realm "
    "caldav_alarm_db_path caldav_alarm_support_components caldav_alarm_suppress_file calendar_default_displayname "
    "calendar_user_address_set calendar_component_set calendar_minimum_alarm_interval "
    "calendar_suppress_duplicate_alarms carddav_allowaddmember carddav_allowaddressbookadmin carddav_realm "
    "carddav_repair_vcard icalendar_max_size vcard_max_size ischedule_dkim_domain ischedule_dkim_key_file "
    "ischedule_dkim_required ischedule_dkim_selector rss_feeds rss_feedlist_template rss_maxage rss_maxitems "
    "rss_maxsynopsis rss_realm zoneinfo_dir webdav_attachments_baseurl webdav_attachments_max_binary_attach_size",
    "JMAP": "jmap_imagesize_annot jmap_inlinedcids_annot jmap_mail_max_size_attachments_per_email "
    "jmap_max_calendareventnotifs jmap_max_calls_in_request jmap_max_catenate_items jmap_max_concurrent_requests "
    "jmap_max_concurrent_upload jmap_max_delayed_send jmap_max_objects_in_get jmap_max_objects_in_set "
    "jmap_max_size_blob_set jmap_max_size_request jmap_max_size_upload jmap_nonstandard_extensions "
    "jmap_preview_annot jmap_preview_length jmap_pushpoll jmap_querycache_max_age jmap_set_has_attachment "
    "jmap_vacation jmapaccess_url jmapnotificationfolder jmappushsubscriptionfolder jmapsubmission_deleteonsend "
    "jmapsubmissionfolder jmapuploadfolder",
    "replication": "sync_log sync_host sync_port sync_authname sync_password sync_realm sync_log_channels "
    "sync_log_chain sync_log_unsuppressable_channels sync_repeat_interval sync_batchsize sync_reconnect_maxwait "
    "sync_rightnow_channel sync_shutdown_file sync_timeout sync_try_imap replicaonly",
    "several servers as one": "mupdate_server mupdate_port mupdate_authname mupdate_password "
    "mupdate_username mupdate_realm mupdate_config mupdate_connections_max mupdate_retry_delay proxy_authname "
    "proxy_password proxy_realm proxy_compress proxyd_allow_status_referral proxyd_disable_mailbox_referrals "
    "defaultserver serverlist serverlist_select_mode serverlist_select_soft_usage_limit "
    "serverlist_select_usage_reinit sieve_allowreferrals lmtptxn_timeout",
    "NNTP": "newsprefix newsgroups newspeer newspostuser newsmaster newsaddheaders nntptimeout allownewnews newsspool",
    "metrics": "prometheus_enabled prometheus_need_auth prometheus_update_freq prometheus_service_update_freq "
    "prometheus_master_update_freq prometheus_usage_update_freq",
    "virus scanning": "virusscan_notification_subject virusscan_notification_template",
    "object storage": "object_storage_enabled",
}

_WITHOUT_MEANING: Final = {
    "directories of mailboxes are always spread over many": "hashimapspool fulldirhash mailbox_legacy_dirs "
    "mboxname_userpath",
    "metrics are kept in shared memory, not in files": "prometheus_stats_dir",
    "a process serves many sessions, so telemetry is always named by session id": "telemetry_bysessionid",
    "locks stand beside the files that they guard, below configdirectory": "mboxname_lockpath global_lock",
    "incoming messages are staged on the partition that they go to": "temp_path",
    "a listener that cannot bind always stops the start": "master_bind_errors_fatal",
    "use the tools of the operating system and of Python to look into a process": "debug_command "
    "debug_writefail_guid debug_log_sync_partition_choice debug_slowio fatals_abort",
    "the store has one kind of index, in SQLite, below configdirectory; mind that the path of a single database cannot "
    "be set": "mboxlist_db mboxlist_db_path annotation_db annotation_db_path duplicate_db duplicate_db_path "
    "seenstate_db subscription_db statuscache statuscache_db statuscache_db_path conversations_db mboxkey_db "
    "quota_db quota_db_path search_indexed_db sortcache_db zoneinfo_db zoneinfo_db_path jmap_emailsearch_db_path "
    "sync_cache_db sync_cache_db_path ptscache_db ptscache_db_path newsrc_db_path backup_db backup_db_path "
    "skiplist_always_checkpoint skiplist_unsafe sql_engine sql_database sql_hostnames sql_user sql_passwd sql_usessl "
    "cyrusdb_autoconvert flushseenstate reverseacls reverseuniqueids improved_mboxlist_sort fastmailsharing",
    "TLS sessions are resumed by tickets, without a database": "tls_sessions_db tls_sessions_db_path",
    "parameters of Diffie-Hellman are chosen by the TLS library": "tls_server_dhparam",
    "changes are announced among the workers themselves": "idlesocket",
    "UTF-8 in headers is always read as such": "rfc2047_utf8",
    "messages are read once, at delivery, before any lock": "lmtp_preparse maxheaderlines search_index_parts "
    "search_query_language rfc2046_strict",
    "it never had an effect": "postspec",
    "security layers of SASL are not offered; use TLS": "sasl_minimum_layer sasl_maximum_layer",
    "keys of Kerberos stand in sasl_keytab": "srvtab",
    "it is for the SASL library, which this server does without": "sasl_option sasl_auto_transition",
    "scripts are compiled when they are used": "autocreate_sieve_script_compile autocreate_sieve_script_compiled",
    "workers are set by the option workers": "mupdate_workers_start mupdate_workers_minspare mupdate_workers_maxspare "
    "mupdate_workers_max",
    "backups are taken with the checkpoint event and the tools of the file system": "xbackup_enabled "
    "backup_compact_minsize backup_compact_maxsize backup_compact_work_threshold backup_keep_previous "
    "backup_retention backup_staging_path restore_authname restore_password restore_realm",
    "the program has no driver for that object store": "object_storage_dummy_spool openio_account openio_autocreate "
    "openio_namespace openio_proxy_timeout openio_rawx_timeout openio_verbosity caringo_hostname caringo_port",
    "who is kept out is told by `angarium cyr_deny`, and stored with the users": "userdeny_db userdeny_db_path",
    "it was never implemented": "imspservers",
    "workers ask the directory themselves, and keep what they learnt for groups_kept": "ptloader_sock ptscache_timeout",
    "LDAP is spoken in version 3, calls go on when interrupted, and of two entries none is the user's": "ldap_version "
    "ldap_restart ldap_size_limit",
    "names of groups in ACLs are not looked up": "ldap_group_filter ldap_group_scope",
    "no way to log in at `smtp_host` has a realm": "smtp_auth_realm",
}

FORMS: Final = (
    Form(
        "sasl_NAME",
        r"sasl_.+",
        Recognised(served_later=False, why="it is for a plug-in of the SASL library, which this server does without"),
    ),
    Form(
        "metapartition-NAME",
        r"metapartition-.+",
        Recognised(served_later=True, why="separate places for parts of a partition"),
    ),
    Form("archivepartition-NAME", r"archivepartition-.+", Recognised(served_later=True, why="archiving")),
    Form("TIERsearchpartition-NAME", r".*searchpartition-.+", Recognised(served_later=True, why="full-text search")),
    Form(
        "backuppartition-NAME",
        r"backuppartition-.+",
        Recognised(
            served_later=False, why="backups are taken with the checkpoint event and the tools of the file system"
        ),
    ),
    Form(
        "CHANNEL_sync_NAME",
        r".+_sync_(host|port|authname|password|realm|repeat_interval|shutdown_file|log)",
        Recognised(served_later=True, why="replication"),
    ),
    Form("HOST_mechs", r".+_mechs", Recognised(served_later=True, why="connections to other servers")),
    Form("HOST_password", r".+_password", Recognised(served_later=True, why="connections to other servers")),
)
"""Names with a part that an administrator chooses; the first that fits holds."""

OLD_NAMES: Final = {
    old: NewName(new, since)
    for since, names in (
        ("2.5.0", {
            "tls_ca_file": "tls_client_ca_file",
            "tls_ca_path": "tls_client_ca_dir",
            "tls_cert_file": "tls_server_cert",
            "tls_cipher_list": "tls_ciphers",
            "tls_key_file": "tls_server_key",
            "tlscache_db": "tls_sessions_db",
            "tlscache_db_path": "tls_sessions_db_path",
            "autocreate_sieve_compiled_script": "autocreate_sieve_script_compiled",
            "autocreateinboxfolders": "autocreate_inbox_folders",
            "autocreatequotamsg": "autocreate_quota_messages",
            "autosievefolders": "autocreate_sieve_folders",
            "autosubscribeinboxfolders": "autocreate_subscribe_folders",
            "autosubscribesharedfolders": "autocreate_subscribe_sharedfolders",
            "autosubscribe_all_sharedfolders": "autocreate_subscribe_sharedfolders_all",
            "generate_compiled_sieve_script": "autocreate_sieve_script_compile",
            "createonpost": "autocreate_post",
            "ldap_servers": "ldap_uri",
            "ldap_authz": "ldap_sasl_authz",
            "ldap_id": "ldap_sasl_authc",
            "ldap_mech": "ldap_sasl_mech",
            "ldap_realm": "ldap_sasl_realm",
            "ldap_tls_cacert_dir": "ldap_ca_dir",
            "ldap_tls_cacert_file": "ldap_ca_file",
            "ldap_tls_cert": "ldap_client_cert",
            "ldap_tls_check_peer": "ldap_verify_peer",
            "ldap_tls_ciphers": "ldap_ciphers",
            "ldap_tls_key": "ldap_client_key",
        }),
        ("3.1.8", {
            "archive_days": "archive_after",
            "conversations_expire_days": "conversations_expire_after",
            "backup_retention_days": "backup_retention",
        }),
        ("3.8.0", {"quotawarn": "quotawarnpercent", "quotawarnkb": "quotawarnsize"}),
        (None, {"cleartextloginpause": "plaintextloginpause", "sieveuserhomedir": "sieveusehomedir"}),
    )
    for old, new in names.items()
}  # fmt: skip

RECOGNISED: Final = {
    name: Recognised(served_later=served_later, why=why)
    for served_later, table in ((True, _NOT_SERVED_YET), (False, _WITHOUT_MEANING))
    for why, names in table.items()
    for name in names.split()
}

_ASKS_FOR_NOTHING: Final = {
    FALSE_WORDS: "acl_admin_implies_write allowdeleted allownewnews "
    "archive_enabled auditlog autoexpunge chatty conversations crossdomains "
    "expire_by_savedate foolstupidclients httpallowcors httpallowtrace imapmagicplus iolog ldap_referrals "
    "prometheus_enabled quota_use_conversations replicaonly "
    "sync_log tcp_keepalive",
    frozenset({"0"}): "commandmintimer",
}

AS_SERVED: Final = {name: values for values, names in _ASKS_FOR_NOTHING.items() for name in names.split()}
"""Values, in lower case, that ask for what the server does anyway, by options that are not served yet."""


def is_as_served(name: str, value: str) -> bool:
    """Whether an option that is not served yet has a value that asks for nothing."""
    return value.lower() in AS_SERVED.get(name, ())


def recognise(name: str) -> Recognised | None:
    """What is known of an option that is not obeyed; None for a name that Cyrus does not have either."""
    exact = RECOGNISED.get(name)
    if exact is not None:
        return exact
    return next((form.recognised for form in FORMS if re.fullmatch(form.pattern, name)), None)
