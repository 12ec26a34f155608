import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config import (
    AuthMech,
    Loaded,
    Machine,
    NoticeEvent,
    NoticeLevel,
    PwcheckMethod,
    TlsVersion,
    VirtDomains,
    load_settings,
    parse_settings,
)
from angarium.config.table import OPTIONS
from angarium.errors import ConfigError

FILE = Path("/etc/imapd.conf")
MACHINE = Machine("mail.example.org", 4)
MINIMAL = "configdirectory: /srv/state\npartition-default: /srv/spool\n"


def load(text: str, *services: str) -> Loaded:
    return parse_settings(MINIMAL + text, file=FILE, services=services, machine=MACHINE)


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, file=FILE, services=["imaps"], machine=MACHINE)
    return str(caught.value).split("\n")


def test_two_lines_are_enough() -> None:
    loaded = load("")
    assert loaded.notices == ()
    settings = loaded.settings
    assert settings.directories.partitions == {"default": Path("/srv/spool")}
    assert settings.directories.defaultpartition == "default"
    assert settings.server.servername == "mail.example.org"
    assert settings.server.workers == 4
    assert settings.server.umask == 0o77
    assert settings.imap.timeout == timedelta(minutes=32)
    assert settings.tls.tls_server_cert is None
    assert settings.engine.open_accounts == 500


@pytest.mark.parametrize(
    ("line", "value", "expected"),
    [
        ("timeout: 45", lambda s: s.imap.timeout, timedelta(minutes=45)),
        ("timeout: 1h", lambda s: s.imap.timeout, timedelta(hours=1)),
        ("maxmessagesize: 5", lambda s: s.limits.maxmessagesize, 5),
        ("maxmessagesize: 5M", lambda s: s.limits.maxmessagesize, 5 << 20),
        ("virtdomains: yes", lambda s: s.namespace.virtdomains, VirtDomains.ON),
        ("virtdomains: off", lambda s: s.namespace.virtdomains, VirtDomains.OFF),
        ("virtdomains: userid", lambda s: s.namespace.virtdomains, VirtDomains.USERID),
        ("change_log_retention: 3", lambda s: s.engine.change_log_retention, timedelta(days=3)),
        ("ADMINS: ann bob", lambda s: s.auth.admins, ("ann", "bob")),
        ("tls_server_cert: {configdirectory}/c", lambda s: s.tls.tls_server_cert, Path("/srv/state/c")),
        ("tls_server_cert:", lambda s: s.tls.tls_server_cert, None),
        ("partition-fast: /fast", lambda s: s.directories.partitions["fast"], Path("/fast")),
        ("tls_versions: tls1_3", lambda s: s.tls.tls_versions, (TlsVersion.TLS1_3,)),
        ("workers: 1", lambda s: s.server.workers, 1),
        ("auth_mech: UNIX", lambda s: s.auth.auth_mech, AuthMech.UNIX),
        ("groupfile: {configdirectory}/group", lambda s: s.auth.groupfile, Path("/srv/state/group")),
        ("groups_kept: 30", lambda s: s.auth.groups_kept, timedelta(seconds=30)),
    ],
)
def test_what_a_line_sets(line: str, value: Callable[[object], object], expected: object) -> None:
    assert value(load(line).settings) == expected


def test_nobody_is_anonymous_or_in_a_group_unless_that_is_asked_for() -> None:
    auth = load("").settings.auth
    assert not auth.allowanonymouslogin
    assert not auth.unix_group_enable
    assert auth.groupfile is None


def test_of_two_options_that_a_key_may_end_with_the_longer_one_is_meant() -> None:
    text = MINIMAL + "sasl_sql_user: all\nimap_sasl_sql_user: one\n"
    settings = parse_settings(text, file=Path("/etc/imapd.conf"), services=["imap"], machine=MACHINE).settings
    assert settings.sql.sasl_sql_user == "all"
    assert settings.for_service("imap").sql.sasl_sql_user == "one"


@pytest.mark.parametrize("mech", ["krb", "krb5", "mboxgroups"])
def test_another_source_of_groups_is_refused_and_explained(mech: str) -> None:
    (line,) = refusal(f"{MINIMAL}auth_mech: {mech}\n")
    assert "not one of those allowed" not in line


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "partition-default: /spool\n",
            ["/etc/imapd.conf: configdirectory: it is not set; allowed: an absolute path, beginning with /"],
        ),
        (
            "configdirectory: /state\n",
            [
                "/etc/imapd.conf: partition-default: there is no partition; allowed: partition-NAME: an absolute path",
            ],
        ),
        (
            "configdirectory: state\npartition-default: /spool\n",
            [
                (
                    "/etc/imapd.conf:1: configdirectory: 'state' cannot be used (not an absolute path); "
                    "allowed: an absolute path, beginning with /"
                ),
            ],
        ),
        (
            MINIMAL + "timeout: soon\nnonsense\nvirtdomains: maybe\numask: 9\n",
            [
                (
                    "/etc/imapd.conf:3: timeout: 'soon' cannot be used (not a duration); "
                    "allowed: a duration such as 1d2h30m10s, or a number of minutes"
                ),
                "/etc/imapd.conf:4: not a setting; allowed: key: value, comments, empty lines",
                (
                    "/etc/imapd.conf:5: virtdomains: 'maybe' cannot be used (not one of those allowed); "
                    "allowed: off, userid, on"
                ),
                (
                    "/etc/imapd.conf:6: umask: '9' cannot be used (not an octal mask); "
                    "allowed: an octal number from 0 to 777, such as 077"
                ),
            ],
        ),
        (
            MINIMAL + "umask: 077\numask: 022\n",
            ["/etc/imapd.conf:4: umask: it is set before, at /etc/imapd.conf:3; allowed: once"],
        ),
        (
            MINIMAL + "tls_cert_file: /a\ntls_server_cert: /b\n",
            ["/etc/imapd.conf:4: tls_server_cert: it is set before, at /etc/imapd.conf:3; allowed: once"],
        ),
        (
            MINIMAL + "defaultpartition: fast\n",
            ["/etc/imapd.conf:3: defaultpartition: there is no partition-fast; allowed: default"],
        ),
        (
            "configdirectory: /state\npartition-a: /a\npartition-b: /b\n",
            ["/etc/imapd.conf: defaultpartition: it is not set; allowed: a, b"],
        ),
        (
            MINIMAL + "partition-b: /srv/spool\n",
            [
                "/etc/imapd.conf:3: partition-b: it has the path of partition-default; allowed: a directory of its own",
            ],
        ),
        (
            MINIMAL + "partition-a-b: /b\n",
            [
                (
                    "/etc/imapd.conf:3: partition-a-b: not the name of a partition; "
                    "allowed: partition- and letters and digits"
                ),
            ],
        ),
        (
            MINIMAL + "tls_versions: tls1_0 tls1_1\n",
            ["/etc/imapd.conf: tls_versions: none of these is spoken; tls1_2 and tls1_3 are"],
        ),
        (
            MINIMAL + "imaps_tls_client_certs: require\n",
            ["/etc/imapd.conf: tls_client_certs: 'require' needs tls_server_ca_file or tls_server_ca_dir"],
        ),
        (
            MINIMAL + "imaps_allowplaintext: perhaps\n",
            [
                (
                    "/etc/imapd.conf:3: imaps_allowplaintext: 'perhaps' cannot be used (not a switch); "
                    "allowed: yes, on, true, t, 1, or no, off, false, f, 0"
                ),
            ],
        ),
        (
            MINIMAL + "auth_mech: pts\n",
            ["/etc/imapd.conf: pts_module: it is not set, and auth_mech is pts; allowed: ldap"],
        ),
        (
            MINIMAL + "pts_module: afskrb\n",
            [
                "/etc/imapd.conf:3: pts_module: 'afskrb' cannot be used (groups of AFS are not served); allowed: ldap",
            ],
        ),
        (
            MINIMAL + "auth_mech: nonsense\n",
            ["/etc/imapd.conf:3: auth_mech: 'nonsense' cannot be used (not one of those allowed); allowed: unix, pts"],
        ),
        (
            MINIMAL + "userprefix: Same\nsharedprefix: same\n",
            ["/etc/imapd.conf: userprefix, sharedprefix, altprefix: two of them are the same"],
        ),
        (
            MINIMAL + "tls_versions:\n",
            [
                (
                    "/etc/imapd.conf:3: tls_versions: '' cannot be used (none named); "
                    "allowed: any of tls1_0, tls1_1, tls1_2, tls1_3, separated by spaces"
                ),
            ],
        ),
    ],
)
def test_all_faults_of_a_file_are_told_at_once(text: str, lines: list[str]) -> None:
    assert refusal(text) == lines


@pytest.mark.parametrize(
    ("line", "event", "said"),
    [
        (
            "tls_cert_file: /c",
            NoticeEvent.OPTION_DEPRECATED,
            "Option 'tls_cert_file' is deprecated in favor of 'tls_server_cert' since version 2.5.0.",
        ),
        ("newsprefix: 1", NoticeEvent.OPTION_NOT_SERVED, "NNTP"),
        ("duplicate_db_path: /run/deliver.db", NoticeEvent.OPTION_WITHOUT_MEANING, "SQLite"),
        ("hashimapspool: yes", NoticeEvent.OPTION_WITHOUT_MEANING, "spread"),
        ("sasl_log_level: 7", NoticeEvent.OPTION_WITHOUT_MEANING, "SASL library"),
        ("metapartition-default: /m", NoticeEvent.OPTION_NOT_SERVED, "partition"),
        ("t1searchpartition-default: /m", NoticeEvent.OPTION_NOT_SERVED, "search"),
        ("second_sync_host: replica", NoticeEvent.OPTION_NOT_SERVED, "replication"),
        ("unixhierachysep: yes", NoticeEvent.OPTION_UNKNOWN, "Did you mean 'unixhierarchysep'?"),
        ("zzz: 1", NoticeEvent.OPTION_UNKNOWN, "is not known, and has no effect."),
        ("timeout: 5", NoticeEvent.VALUE_RAISED, "30m"),
        ("poptimeout: 5", NoticeEvent.VALUE_RAISED, "10m"),
        ("sasl_pwcheck_method: alwaystrue", NoticeEvent.ANYONE_MAY_LOG_IN, "with any password"),
        ("event_groups: message calendar", NoticeEvent.VALUE_NOT_SERVED, "'calendar' of 'event_groups' is not served"),
        ("sasl_auxprop_plugin: sasldb ldapdb", NoticeEvent.VALUE_NOT_SERVED, "'ldapdb' of 'sasl_auxprop_plugin'"),
        ("event_notifier: log", NoticeEvent.VALUE_NOT_SERVED, "'log' of 'event_notifier' is not served"),
        ("event_extra_params: modseq vnd.fastmail.cid", NoticeEvent.VALUE_NOT_SERVED, "vnd.fastmail.cid"),
        ("pop9_timeout: 40", NoticeEvent.SERVICE_UNKNOWN, "no such service"),
        ("imaps_umask: 022", NoticeEvent.OPTION_WHOLE_SERVER, "whole server"),
        ("imaps_newsprefix: 1", NoticeEvent.OPTION_NOT_SERVED, "NNTP"),
    ],
)
def test_what_is_accepted_and_told(line: str, event: NoticeEvent, said: str) -> None:
    (notice,) = load(line, "imap", "imaps").notices
    assert notice.event is event
    assert said in notice.text
    assert notice.position.line == 3
    assert notice.subject == line.partition(":")[0]
    assert notice.fields() == {"file": str(FILE), "line": 3, "subject": notice.subject, "text": notice.text}


def test_a_name_without_effect_yet_is_a_warning_and_one_without_meaning_is_not() -> None:
    loaded = load("newsprefix: 1\ntemp_path: /c\n")
    assert [notice.level for notice in loaded.notices] == [NoticeLevel.WARNING, NoticeLevel.INFO]


def test_an_old_name_sets_the_new_option() -> None:
    assert load("tls_cert_file: /c").settings.tls.tls_server_cert == Path("/c")
    quota = load("quotawarn: 80\nquotawarnkb: 10").settings.quota
    assert (quota.quotawarnpercent, quota.quotawarnsize) == (80, 10 * 1024)


def test_an_old_name_of_an_option_without_effect_is_told_twice() -> None:
    deprecated, not_served = load("archive_days: 80").notices
    assert deprecated.event is NoticeEvent.OPTION_DEPRECATED
    assert deprecated.text == "Option 'archive_days' is deprecated in favor of 'archive_after' since version 3.1.8."
    assert not_served.event is NoticeEvent.OPTION_NOT_SERVED
    assert not_served.text == ("Option 'archive_after' has no effect yet; it belongs to what is not served: archiving.")


@pytest.mark.parametrize(
    ("asks_for_nothing", "asks"),
    [
        ("imapmagicplus: no", "imapmagicplus: yes"),
        ("imaps_conversations: off", "imaps_conversations: on"),
        ("commandmintimer: 0", "commandmintimer: 5"),
        ("autoexpunge: no", "autoexpunge: yes"),
        ("replicaonly: F", "replicaonly: T"),
    ],
)
def test_nothing_is_said_of_a_value_that_asks_for_what_the_server_does_anyway(asks_for_nothing: str, asks: str) -> None:
    assert load(asks_for_nothing, "imaps").notices == ()
    assert [notice.event for notice in load(asks, "imaps").notices] == [NoticeEvent.OPTION_NOT_SERVED]


def test_of_a_file_that_cannot_be_had_nothing_else_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "imapd.conf")
    assert str(caught.value) == f"{tmp_path}/imapd.conf: cannot be read: No such file or directory"
    (tmp_path / "imapd.conf").write_text("@include: rest\ntimeout: soon\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "imapd.conf")
    (line,) = str(caught.value).splitlines()
    assert line == f"{tmp_path}/imapd.conf:1: @include: {tmp_path}/rest cannot be read: No such file or directory"


def test_a_prefix_sets_an_option_of_one_service() -> None:
    settings = load("tls_required: no\nimaps_tls_required: yes\nimaps_timeout: 40\n", "imap", "imaps").settings
    assert not settings.tls.tls_required
    assert settings.for_service("imap") is settings
    assert settings.for_service("imaps").tls.tls_required
    assert settings.for_service("imaps").imap.timeout == timedelta(minutes=40)
    assert settings.for_service("imaps").engine is settings.engine


def test_a_prefix_works_for_old_names_and_for_names_with_underscores() -> None:
    settings = load("imap_int_tls_cert_file: /c\nimap_sasl_mech_list: plain\n", "imap", "imap_int").settings
    assert settings.for_service("imap_int").tls.tls_server_cert == Path("/c")
    assert settings.for_service("imap").auth.sasl_mech_list == ("PLAIN",)


def test_an_option_whose_name_looks_prefixed_is_the_option() -> None:
    settings = load("lmtp_timeout: 1m\n", "lmtp").settings
    assert settings.lmtp.lmtp_timeout == timedelta(minutes=1)
    assert settings.for_service("lmtp") is settings


def test_without_cyrus_conf_every_prefix_is_taken() -> None:
    loaded = parse_settings(MINIMAL + "other_timeout: 40\n", file=FILE, machine=MACHINE)
    assert loaded.notices == ()
    assert loaded.settings.for_service("other").imap.timeout == timedelta(minutes=40)


@pytest.mark.parametrize(
    ("method", "said"), [("pwcheck", "saslauthd"), ("authdaemond", "Courier"), ("nonsense", "pam")]
)
def test_a_password_checker_that_is_not_served_is_refused(method: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"imapd.conf:3: sasl_pwcheck_method: '.*{method}' cannot be used.*{said}"):
        load(f"sasl_pwcheck_method: angarium {method}")


def test_that_anyone_may_log_in_is_an_error_though_the_server_starts() -> None:
    (notice,) = load("sasl_pwcheck_method: angarium alwaystrue").notices
    assert notice.level is NoticeLevel.ERROR


def test_password_checkers_are_kept_in_order() -> None:
    settings = load("sasl_pwcheck_method: saslauthd auxprop").settings
    assert settings.auth.sasl_pwcheck_method == (PwcheckMethod.SASLAUTHD, PwcheckMethod.AUXPROP)


def test_a_file_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "imapd.conf").write_text(MINIMAL + "@include: more.conf\n")
    (tmp_path / "more.conf").write_text("timeout: 50\nnonsense: 1\n")
    loaded = load_settings(tmp_path / "imapd.conf", services=[])
    assert loaded.settings.imap.timeout == timedelta(minutes=50)
    assert [str(notice.position) for notice in loaded.notices] == [f"{tmp_path / 'more.conf'}:2"]


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "imapd.conf")


def test_the_machine_gives_a_usable_name_and_number() -> None:
    machine = Machine.here()
    assert machine.cores >= 1
    assert parse_settings(MINIMAL, file=FILE, machine=machine).settings.server.servername == machine.hostname


def test_more_cores_than_workers_are_allowed() -> None:
    settings = parse_settings(MINIMAL, file=FILE, machine=Machine("host", 100_000)).settings
    assert settings.server.workers == 512


@pytest.mark.parametrize("value", ["{cores}", "{hostname}", "{required}"])
def test_a_value_cannot_use_what_stands_in_defaults(value: str) -> None:
    with pytest.raises(ConfigError, match="workers"):
        load(f"workers: {value}")


def test_settings_cannot_be_changed() -> None:
    settings = load("imap_timeout: 40", "imap").settings
    with pytest.raises(TypeError):
        settings.directories.partitions["new"] = Path("/new")  # type: ignore[index]  # what the test is about
    with pytest.raises(TypeError):
        settings.services["new"] = settings  # type: ignore[index]  # what the test is about


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*OPTIONS, "imaps_timeout", "partition-a", "quotawarn", "sasl_x", "x_y", "@include"]),
            st.one_of(
                st.sampled_from(["yes", "0", "10M", "1d", "/a", "on", "{configdirectory}", "{cores}", "{", "a b"]),
                st.text(max_size=20),
            ),
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_any_settings_load_or_are_refused_as_a_config_error(lines: list[tuple[str, str]], minimal: bool) -> None:
    text = (MINIMAL if minimal else "") + "".join(f"{key}: {value}\n" for key, value in lines)
    try:
        loaded = parse_settings(text, file=FILE, services=["imaps"], machine=MACHINE)
    except ConfigError as error:
        refused = str(error)
    else:
        refused = str(FILE)
        assert loaded.settings.directories.configdirectory.is_absolute()
    assert all(line.startswith(str(FILE)) for line in refused.split("\n"))


@given(st.text(), st.randoms(use_true_random=False))
def test_any_text_loads_or_is_refused_as_a_config_error(text: str, randomness: random.Random) -> None:
    name = randomness.choice(list(OPTIONS))
    with suppress(ConfigError):
        parse_settings(f"{MINIMAL}{name}: {text}", file=FILE, machine=MACHINE)
