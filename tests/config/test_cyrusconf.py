from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config import (
    CheckpointCommand,
    CyrusConf,
    DailyAt,
    ExternalCommand,
    ImapService,
    InetAddress,
    LmtpService,
    NoticeEvent,
    Once,
    Periodic,
    Proto,
    Schedule,
    SmmapService,
    UnixAddress,
    load_cyrus_conf,
    parse_cyrus_conf,
)
from angarium.errors import ConfigError

FILE = Path("/etc/cyrus.conf")


def no_services(service: str, transport: str) -> int | None:
    return None


def parse(text: str) -> CyrusConf:
    return parse_cyrus_conf(text, file=FILE, lookup=no_services)


def services(*lines: str) -> CyrusConf:
    return parse("SERVICES {\n" + "\n".join(lines) + "\n}\n")


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value).split("\n")


def test_services_have_their_addresses_and_bounds() -> None:
    conf = services(
        'imap cmd="imapd" listen="imap" maxchild=100',
        'imaps cmd="imapd -s" listen="[::1]:imaps" proto="tcp6"',
        'lmtpunix cmd="lmtpd" listen="/run/lmtp" maxchild=-1',
        'lmtp cmd="lmtpd -a" listen="127.0.0.1:0"',
        'deliver cmd="lmtpd -u" listen="/run/deliver"',
        'smmap cmd="smmapd" listen="smmap"',
    )
    assert conf.notices == ()
    assert [(each.name, each.command, each.listen, each.proto, each.maxchild) for each in conf.services] == [
        ("imap", ImapService(tls=False), InetAddress(None, 143), Proto.TCP, 100),
        ("imaps", ImapService(tls=True), InetAddress("::1", 993), Proto.TCP6, None),
        ("lmtpunix", LmtpService(preauthorised=False), UnixAddress(Path("/run/lmtp")), Proto.TCP, None),
        ("lmtp", LmtpService(preauthorised=True), InetAddress("127.0.0.1", 0), Proto.TCP, None),
        (
            "deliver",
            LmtpService(preauthorised=False, serves_users=True),
            UnixAddress(Path("/run/deliver")),
            Proto.TCP,
            None,
        ),
        ("smmap", SmmapService(ignores_subaddress=False), InetAddress(None, 2004), Proto.TCP, None),
    ]
    assert [each.position.line for each in conf.services] == [2, 3, 4, 5, 6, 7]


def test_services_that_are_not_served_keep_their_names() -> None:
    conf = services('Nntp cmd="nntpd" listen="nowhere"', 'other cmd="/bin/other" listen="99"')
    assert conf.services == ()
    assert conf.service_names == {"nntp", "other"}
    assert [notice.event for notice in conf.notices] == [NoticeEvent.SERVICE_NOT_SERVED] * 2


@pytest.mark.parametrize(
    ("line", "event", "said"),
    [
        ('http cmd="httpd" listen="http"', NoticeEvent.SERVICE_NOT_SERVED, "'httpd' does not listen"),
        ('notify cmd="notifyd" listen="/n" proto="udp"', NoticeEvent.COMMAND_NOT_NEEDED, "'notifyd' is not needed"),
        ('imaps cmd="imapd" listen="1993"', NoticeEvent.SERVICE_WITHOUT_TLS, 'cmd="imapd -s"'),
        ('mail cmd="imapd" listen="imaps"', NoticeEvent.SERVICE_WITHOUT_TLS, 'cmd="imapd -s"'),
        ('pop3s cmd="pop3d" listen="1995"', NoticeEvent.SERVICE_WITHOUT_TLS, 'cmd="pop3d -s"'),
        ('mail cmd="pop3d" listen="995"', NoticeEvent.SERVICE_WITHOUT_TLS, 'cmd="pop3d -s"'),
        ('kpop cmd="pop3d -k" listen="kpop"', NoticeEvent.FLAG_WITHOUT_EFFECT, "AUTH GSSAPI"),
        ('imap cmd="imapd" listen="imap" prefork=5', NoticeEvent.KEY_WITHOUT_EFFECT, "'prefork'"),
        ('imap cmd="imapd" listen="imap" maxforkrate=5', NoticeEvent.KEY_WITHOUT_EFFECT, "'maxforkrate'"),
        ('imap cmd="imapd" listen="imap" babysit=1', NoticeEvent.KEY_WITHOUT_EFFECT, "'babysit'"),
        ('imap cmd="imapd" listen="imap" maxfds=256', NoticeEvent.KEY_WITHOUT_EFFECT, "'maxfds'"),
        ('imap cmd="imapd" listen="imap" maxchilds=5', NoticeEvent.KEY_UNKNOWN, "Did you mean 'maxchild'?"),
        ('imap cmd="imapd" listen="imap" zzz=5', NoticeEvent.KEY_UNKNOWN, "no effect."),
        ('imap cmd="imapd -U 30" listen="imap"', NoticeEvent.FLAG_WITHOUT_EFFECT, "'-U'"),
    ],
)
def test_what_is_accepted_and_told(line: str, event: NoticeEvent, said: str) -> None:
    (notice,) = services(line).notices
    assert notice.event is event
    assert said in notice.text
    assert notice.position.line == 2
    assert notice.subject == line.split()[0]


@pytest.mark.parametrize(
    ("values", "schedule"),
    [
        ("", Once()),
        ("period=0", Once()),
        ("period=30", Periodic(timedelta(minutes=30))),
        ("at=0400", DailyAt(4, 0)),
        ("at=2359", DailyAt(23, 59)),
        ("at=0", DailyAt(0, 0)),
        ("period=30 at=0401", DailyAt(4, 1)),
    ],
)
def test_when_an_event_happens(values: str, schedule: Schedule) -> None:
    (event,) = parse(f'EVENTS {{\n e cmd="ctl_cyrusdb -c" {values}\n}}\n').events
    assert (event.command, event.cmd) == (CheckpointCommand(), "ctl_cyrusdb -c")
    assert event.schedule == schedule


def test_daemons_run_beside_the_server() -> None:
    conf = parse('DAEMON {\n idled cmd="idled"\n mine cmd="/bin/mine -x" wait=y\n other cmd="other"\n}\n')
    assert [(each.name, each.command, each.wait) for each in conf.daemons] == [
        ("mine", ExternalCommand(("/bin/mine", "-x")), True),
        ("other", ExternalCommand(("other",)), False),
    ]
    assert [notice.event for notice in conf.notices] == [NoticeEvent.COMMAND_NOT_NEEDED]


def test_commands_that_are_not_served_are_left_out_and_told() -> None:
    conf = parse('START {\n a cmd="squatter -i"\n}\nEVENTS {\n b cmd="tls_prune" at=0400\n}\n')
    assert conf.start == ()
    assert conf.events == ()
    assert [notice.event for notice in conf.notices] == [
        NoticeEvent.COMMAND_NOT_SERVED,
        NoticeEvent.COMMAND_NOT_NEEDED,
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SERVICES {\n a listen=1\n}\n", "there is no command"),
        ("SERVICES {\n a cmd=imapd\n}\n", "does not say where to listen"),
        ("SERVICES {\n a cmd=imapd listen=nowhere\n}\n", "no port is known for 'nowhere'"),
        ("SERVICES {\n a cmd=imapd listen=1 proto=sctp\n}\n", "proto=sctp cannot be used"),
        ("SERVICES {\n a cmd=imapd listen=1 proto=udp\n}\n", "allowed: tcp, tcp4, tcp6"),
        ("SERVICES {\n a cmd=imapd listen=1 maxchild=0\n}\n", "maxchild=0 would serve nobody"),
        ('SERVICES {\n a cmd="lmtpd -u" listen=1\n}\n', "lmtpd -u knows users by a socket"),
        ("SERVICES {\n a cmd=imapd listen=1 maxchild=x\n}\n", "maxchild=x cannot be used"),
        ("SERVICES {\n a cmd=imapd listen=1 prefork=-1\n}\n", "prefork=-1 cannot be used"),
        ('SERVICES {\n a cmd="imapd -z" listen=1\n}\n', "has no flag '-z'"),
        ("START {\n a cmd=imapd\n}\n", "allowed: in SERVICES"),
        ("EVENTS {\n a cmd=true at=2400\n}\n", "allowed: hhmm"),
        ("EVENTS {\n a cmd=true at=0060\n}\n", "allowed: hhmm"),
        ("EVENTS {\n a cmd=true at=00400\n}\n", "allowed: hhmm"),
        ("EVENTS {\n a cmd=true period=-5\n}\n", "period=-5 cannot be used"),
        ("DAEMON {\n a cmd=true wait=perhaps\n}\n", "allowed: y or n"),
        ('DAEMON {\n a cmd="ctl_cyrusdb -c"\n}\n', "allowed: in START or EVENTS"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(text: str, said: str) -> None:
    (line,) = refusal(text)
    assert line.startswith("/etc/cyrus.conf:2: a: ")
    assert said in line


def test_all_faults_of_a_file_are_told_at_once() -> None:
    assert len(refusal("SERVICES {\n a cmd=imapd\n b cmd=imapd listen=x:y:z\n !\n}\nOTHER {\n}\n")) == 4


def test_names_and_addresses_are_not_shared() -> None:
    text = "SERVICES {\n a cmd=imapd listen=143\n a cmd=imapd listen=144\n b cmd=imapd listen=imap\n}\n"
    first, second = refusal(text)
    assert "there before, at /etc/cyrus.conf:2" in first
    assert "'a' listens there already" in second


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "cyrus.conf").write_text("SERVICES {\n imap cmd=imapd listen=143\n}\n")
    assert len(load_cyrus_conf(tmp_path / "cyrus.conf").services) == 1


def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_cyrus_conf(tmp_path / "cyrus.conf")
    (tmp_path / "cyrus.conf").write_bytes(b"\n\xff\n")
    with pytest.raises(ConfigError, match=r"cyrus\.conf:2: not UTF-8"):
        load_cyrus_conf(tmp_path / "cyrus.conf")


LINES = st.sampled_from(
    [
        "SERVICES {",
        "EVENTS {",
        "DAEMON {",
        "}",
        'a cmd="imapd -s" listen="imap"',
        'b cmd="cyr_expire -E 3" at=0400 period=3',
        'c cmd="true" wait=y',
    ]
)


@given(st.lists(st.one_of(LINES, st.text(max_size=30))).map("\n".join))
def test_any_text_parses_or_is_refused_as_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        parse(text)
