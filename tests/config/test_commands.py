from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.commands import (
    ALIASES,
    NOT_NEEDED,
    NOT_SERVED,
    CheckpointCommand,
    Command,
    ExpireCommand,
    ExternalCommand,
    ImapService,
    LmtpService,
    NotNeeded,
    NotServedYet,
    Pop3Service,
    RecoverCommand,
    SieveService,
    SmmapService,
    classify_command,
)


def days(number: int) -> timedelta:
    return timedelta(days=number)


@pytest.mark.parametrize(
    ("cmd", "command"),
    [
        ("imapd", ImapService(tls=False)),
        ("imapd -s", ImapService(tls=True)),
        ("imapd -U 30 -s", ImapService(tls=True)),
        ("imapd -sU30 -T 60 -D -C /etc/other.conf", ImapService(tls=True)),
        ("/usr/lib/cyrus/bin/imapd -s", ImapService(tls=True)),
        ("proxyd", ImapService(tls=False)),
        ("lmtpd", LmtpService(preauthorised=False)),
        ("lmtpd -a", LmtpService(preauthorised=True)),
        ("lmtpd -as", LmtpService(preauthorised=True, tls=True)),
        ("lmtpd -u", LmtpService(preauthorised=False, serves_users=True)),
        ("pop3d", Pop3Service(tls=False)),
        ("pop3d -s -U 30", Pop3Service(tls=True)),
        ("pop3proxyd", Pop3Service(tls=False)),
        ("pop3d -k", Pop3Service(tls=False)),
        ("smmapd", SmmapService(ignores_subaddress=False)),
        ("timsieved -U 10", SieveService()),
        ("/usr/lib/cyrus/bin/timsieved", SieveService()),
        ("timsieved -s", SieveService(tls=True)),
        ("smmapd -U 10 -p", SmmapService(ignores_subaddress=True)),
        ("ctl_cyrusdb -r", RecoverCommand()),
        ("/usr/sbin/cyrus ctl_cyrusdb -rx", RecoverCommand()),
        ("ctl_cyrusdb -c", CheckpointCommand()),
        ("cyr_expire -E 3", ExpireCommand(duplicates=days(3))),
        ("/usr/sbin/cyrus expire -E 4 -D 28", ExpireCommand(duplicates=days(4), deleted=days(28))),
        ("cyr_expire -E 4 -X 1d12h", ExpireCommand(duplicates=days(4), expunged=timedelta(hours=36))),
        ("cyr_expire -X3", ExpireCommand(expunged=days(3))),
        ("cyr_expire -X 3 -x", ExpireCommand()),
        (
            "cyr_expire -u ann -p user.ann -tv",
            ExpireCommand(user="ann", prefix="user.ann"),
        ),
        ("ctl_deliver -E 3", ExpireCommand(duplicates=days(3))),
        ("nice -n 19 cyr_expire -E 3", ExpireCommand(duplicates=days(3))),
        ("/usr/bin/nice -19 ionice -c 3 true", ExternalCommand(("/usr/bin/nice", "-19", "ionice", "-c", "3", "true"))),
        ("rsync -a /a /b", ExternalCommand(("rsync", "-a", "/a", "/b"))),
        ("/usr/local/bin/imapd-report", ExternalCommand(("/usr/local/bin/imapd-report",))),
        ("nice", ExternalCommand(("nice",))),
        ("cyrus", ExternalCommand(("cyrus",))),
    ],
)
def test_what_a_command_means(cmd: str, command: Command) -> None:
    assert classify_command(cmd).command == command


@pytest.mark.parametrize("path", ["", "/usr/lib/cyrus/bin/", "/usr/sbin/cyrus ", "nice -n 19 /usr/sbin/cyrus "])
@pytest.mark.parametrize("program", [*NOT_SERVED, *NOT_NEEDED])
def test_a_name_of_cyrus_is_never_run_as_another_program(program: str, path: str) -> None:
    command = classify_command(f"{path}{program} -x -y z").command
    assert isinstance(command, NotServedYet | NotNeeded)
    assert command.program == program
    assert command.why


def test_the_older_pruning_tool_does_nothing_else() -> None:
    assert isinstance(classify_command("ctl_deliver -d").command, NotNeeded)


def test_an_alias_names_a_program_that_is_known() -> None:
    for alias in ALIASES:
        assert not isinstance(classify_command(f"{alias} -C x").command, ExternalCommand)


@pytest.mark.parametrize(
    ("cmd", "flags"),
    [
        ("imapd -s", []),
        ("imapd -U 30 -T 60 -N", ["-U", "-T", "-N"]),
        ("ctl_cyrusdb -c", []),
        ("ctl_cyrusdb -C /etc/x -r -x", ["-C", "-x"]),
        ("cyr_expire -X 3 -D 3 -x", []),
        ("cyr_expire -E 3 -tv", ["-t", "-v"]),
        ("ctl_deliver -E 3 -f x", ["-f"]),
        ("cyr_expire -A 7d -a -c", ["-A", "-a", "-c"]),
    ],
)
def test_flags_without_effect_are_told(cmd: str, flags: list[str]) -> None:
    without_effect = classify_command(cmd).without_effect
    assert [flag for flag, _ in without_effect] == flags
    assert all(why for _, why in without_effect)


@pytest.mark.parametrize(
    ("cmd", "said"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("imapd -z", "has no flag '-z'"),
        ("imapd extra", "takes no 'extra'"),
        ("imapd -", "takes no '-'"),
        ("imapd -U", "needs a value"),
        ("ctl_cyrusdb", "either -r or -c"),
        ("ctl_cyrusdb -r -c", "either -r or -c"),
        ("cyr_expire -E soon", "allowed: a duration"),
        ("cyr_expire -E -1", "allowed: a duration"),
    ],
)
def test_what_a_command_cannot_be(cmd: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        classify_command(cmd)


WORDS = st.sampled_from(["imapd", "lmtpd", "cyr_expire", "ctl_cyrusdb", "nice", "cyrus", "-n", "-E", "-s", "3", "-"])


@given(st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=6))
def test_any_command_is_classified_or_a_value_error(words: list[str]) -> None:
    with suppress(ValueError):
        classify_command(" ".join(words))
