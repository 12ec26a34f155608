"""Command lines, well-formed and not."""

import contextlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.lmtp.commands import (
    Bdat,
    Body,
    Command,
    Data,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    StartTls,
    Vrfy,
)
from angarium.lmtp.grammar import CommandInvalid, Problem, is_utf8, parse_command, without_8bit

SYNTAX = Problem.SYNTAX
UNKNOWN = Problem.COMMAND_UNKNOWN
CHUNK = Problem.CHUNK


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (b"LHLO client.example.net", Lhlo("client.example.net")),
        (b"lhlo [192.0.2.7]", Lhlo("[192.0.2.7]")),
        (b"LHLO", SYNTAX),
        (b"LHLO two words", SYNTAX),
        (b"LHLO a\x00b", SYNTAX),
        (b"HELO client.example.net", UNKNOWN),
        (b"EHLO client.example.net", UNKNOWN),
        (b"MAIL FROM:<>", Mail("")),
        (b"MAIL FROM:<ann@example.net>", Mail("ann@example.net")),
        (b"mail from: <ann@example.net>  ", Mail("ann@example.net")),
        (b"MAIL FROM:<ann>", Mail("ann")),
        (b"MAIL FROM:<@a.example,@[192.0.2.7]:ann@example.net>", Mail("ann@example.net")),
        (b'MAIL FROM:<"a b>\\"@"@example.net>', Mail('"a b>\\"@"@example.net')),
        (b"MAIL FROM:<ann@[IPv6:2001:db8::1]>", Mail("ann@[IPv6:2001:db8::1]")),
        (b"MAIL FROM:<SRS0=a=b=example.net=ann@example.org>", Mail("SRS0=a=b=example.net=ann@example.org")),
        (b"MAIL FROM:<a@b> SIZE=1000 BODY=8bitmime", Mail("a@b", 1000, Body.EIGHT_BIT_MIME)),
        (b"MAIL FROM:<a@b>  body=7BIT  size=0", Mail("a@b", 0, Body.SEVEN_BIT)),
        (b"MAIL FROM:<a@b> AUTH=<>", Mail("a@b")),
        (b"MAIL FROM:<a@b> AUTH=e+3Dmc2@example.com", Mail("a@b", submitter="e=mc2@example.com")),
        (b"MAIL FROM:<a@b> AUTH=+C3+BC", Mail("a@b", submitter="ü")),
        (b"MAIL FROM:<a@b> AUTH=+FF", SYNTAX),
        (b"MAIL FROM:<a@b> AUTH=+3d", SYNTAX),
        (b"MAIL FROM:<a@b> AUTH", SYNTAX),
        (b"MAIL FROM:<a@b> SIZE", SYNTAX),
        (b"MAIL FROM:<a@b> SIZE=", SYNTAX),
        (b"MAIL FROM:<a@b> SIZE=-1", SYNTAX),
        (b"MAIL FROM:<a@b> SIZE=123456789012345678901", SYNTAX),
        (b"MAIL FROM:<a@b> SIZE=1 SIZE=1", SYNTAX),
        (b"MAIL FROM:<a@b> BODY=BINARYMIME", Mail("a@b", body=Body.BINARY_MIME)),
        (b"MAIL FROM:<a@b> BODY=9BIT", SYNTAX),
        (b"MAIL FROM:<a@b> BODY", SYNTAX),
        (b"MAIL FROM:<a@b> =", SYNTAX),
        (b"MAIL FROM:<a@b> SIZE=1\rBODY=7BIT", SYNTAX),
        (b"MAIL FROM:<a@b> RET=HDRS ENVID=a+2Bb", Mail("a@b", ret="HDRS", envid="a+b")),
        (b"MAIL FROM:<a@b> RET=full", Mail("a@b", ret="FULL")),
        (b"MAIL FROM:<a@b> RET=SOME", SYNTAX),
        (b"MAIL FROM:<a@b> RET", SYNTAX),
        (b"MAIL FROM:<a@b> ENVID=", SYNTAX),
        (b"MAIL FROM:<a@b> BY=120;r", Mail("a@b", deliver_by="120;R")),
        (b"MAIL FROM:<a@b> BY=-9;NT", Mail("a@b", deliver_by="-9;NT")),
        (b"MAIL FROM:<a@b> BY=120", SYNTAX),
        (b"MAIL FROM:<a@b> FOO=1", Problem.PARAMETER_UNKNOWN),
        (b"MAIL FROM:<a@b> SMTPUTF8", Mail("a@b", is_utf8=True)),
        (b"MAIL FROM:<a@b> SMTPUTF8=YES", SYNTAX),
        ("MAIL FROM:<jürgen@straße.example> SMTPUTF8".encode(), Mail("jürgen@straße.example", is_utf8=True)),
        ('MAIL FROM:<"jür gen"@example>'.encode(), Mail('"jür gen"@example')),
        (b"MAIL FROM:<a@b>SIZE=1", SYNTAX),
        (b"MAIL FROM:a@b", SYNTAX),
        (b"MAIL FROM <a@b>", SYNTAX),
        (b"MAIL", SYNTAX),
        (b"MAIL FROM:<a@b@c>", SYNTAX),
        (b"MAIL FROM:<a b@c>", SYNTAX),
        (b"MAIL FROM:<a@b\n>", SYNTAX),
        (b"MAIL FROM:<\xc3\xbc@b>", Mail("ü@b")),
        (b"MAIL FROM:<\xfc@b>", Mail("\udcfc@b")),
        (b"RCPT TO:<alice>", Rcpt("alice")),
        (b"RCPT TO:<alice+work/2024@example.org>", Rcpt("alice+work/2024@example.org")),
        (b"RCPT TO:<+shared.board>", Rcpt("+shared.board")),
        (b'RCPT TO:<"alice+a b"@example.org>', Rcpt('"alice+a b"@example.org')),
        (b"RCPT TO:<@a.example:alice@example.org>", Rcpt("alice@example.org")),
        (b"RCPT TO:<alice> IGNOREQUOTA", Rcpt("alice", ignore_quota=True)),
        (b"RCPT TO:<alice> IGNOREQUOTA=yes", SYNTAX),
        (b"RCPT TO:<alice> FOO=BAR", Problem.PARAMETER_UNKNOWN),
        (b"RCPT TO:<alice> ORCPT=rfc822;a+2Bb@c", Rcpt("alice", orcpt="rfc822;a+b@c")),
        ("RCPT TO:<alice> ORCPT=utf-8;ü@c".encode(), Rcpt("alice", orcpt="utf-8;ü@c")),
        (b"RCPT TO:<alice> ORCPT=utf-8;\xfc@c", SYNTAX),
        (b"RCPT TO:<alice> ORCPT=x", SYNTAX),
        (b"RCPT TO:<alice> ORCPT=;x", SYNTAX),
        (b"RCPT TO:<alice> NOTIFY=never", Rcpt("alice", notify=("NEVER",))),
        (b"RCPT TO:<alice> NOTIFY=SUCCESS,delay", Rcpt("alice", notify=("SUCCESS", "DELAY"))),
        (b"RCPT TO:<alice> NOTIFY=SUCCESS,NEVER", SYNTAX),
        (b"RCPT TO:<alice> NOTIFY=DELAY,DELAY", SYNTAX),
        (b"RCPT TO:<alice> NOTIFY=\xff", SYNTAX),
        (b"RCPT TO:<alice> NOTIFY", SYNTAX),
        (b"RCPT TO:<alice> XFLAGS=\\Seen+20$Work", Rcpt("alice", flags=("\\Seen", "$Work"))),
        (b"RCPT TO:<alice> XFLAGS", SYNTAX),
        (b"RCPT TO:<alice> XFLAGS=\\Recent", SYNTAX),
        (b"RCPT TO:<alice> XFLAGS=a(b", SYNTAX),
        (b"RCPT TO:<alice> XFLAGS=a+20", SYNTAX),
        (b"RCPT TO:<alice> XDUPLICATES=no", Rcpt("alice", suppress_duplicates=False)),
        (b"RCPT TO:<alice> XDUPLICATES=YES", Rcpt("alice", suppress_duplicates=True)),
        (b"RCPT TO:<alice> XDUPLICATES=1", SYNTAX),
        (b"RCPT TO:<alice> XEXACT", Rcpt("alice", is_exact=True)),
        (b"BDAT 0", Bdat(0)),
        (b"BDAT 1000 last", Bdat(1000, is_last=True)),
        (b"bdat 86  LAST ", Bdat(86, is_last=True)),
        (b"BDAT 99999999999999999999", Bdat(99999999999999999999)),
        (b"BDAT 100000000000000000000", CHUNK),
        (b"BDAT", CHUNK),
        (b"BDAT -1", CHUNK),
        (b"BDAT 1 FIRST", CHUNK),
        (b"BDAT 1LAST", CHUNK),
        (b"BDAT LAST", CHUNK),
        (b"STARTTLS", StartTls()),
        (b"STARTTLS now", SYNTAX),
        (b"RCPT TO:<>", SYNTAX),
        (b"RCPT TO:<@example.org>", SYNTAX),
        (b'RCPT TO:<"alice>', SYNTAX),
        (b"RCPT TO:<alice\nRCPT TO:<bob>", SYNTAX),
        (b"RCPT TO:alice", SYNTAX),
        (b"DATA", Data()),
        (b"data ", Data()),
        (b"DATA x", SYNTAX),
        (b"RSET", Rset()),
        (b"RSET x", SYNTAX),
        (b"NOOP", Noop()),
        (b"NOOP \xff anything", Noop()),
        (b"HELP MAIL", Help()),
        (b"VRFY bob", Vrfy()),
        (b"VRFY", SYNTAX),
        (b"QUIT", Quit()),
        (b"QUIT x", SYNTAX),
        (b"EXPN staff", UNKNOWN),
        (b"DATA\n", UNKNOWN),
        (b" NOOP", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_command_lines(line: bytes, outcome: Command | Problem) -> None:
    if isinstance(outcome, Problem):
        with pytest.raises(CommandInvalid) as refused:
            parse_command(line)
        assert refused.value.problem is outcome
    else:
        assert parse_command(line) == outcome


@given(
    st.one_of(
        st.binary(max_size=80),
        st.tuples(
            st.sampled_from(
                [b"MAIL FROM:<", b"RCPT TO:<", b"LHLO ", b"MAIL FROM:<> ", b"BDAT ", b"RCPT TO:<a> ORCPT="]
            ),
            st.binary(max_size=60),
        ).map(b"".join),
        st.text(alphabet='MAILFROM:<>@",.\\ +=-SIZE\r\n', max_size=60).map(lambda text: f"MAIL FROM:<{text}".encode()),
    )
)
def test_any_line_is_a_command_or_refused(line: bytes) -> None:
    with contextlib.suppress(CommandInvalid):
        assert isinstance(parse_command(line), get_args(Command))


@pytest.mark.parametrize("unit", [b'"', b"\\", b"@a,", b"a.", b"@", b"[", b" A=1"])
def test_a_line_of_the_greatest_length_takes_no_time_to_speak_of(unit: bytes) -> None:
    line = b"MAIL FROM:<" + unit * (4000 // len(unit))
    for _ in range(100):
        with pytest.raises(CommandInvalid):
            parse_command(line)


@pytest.mark.parametrize(
    ("address", "utf8", "lax"),
    [("ann@b", True, "ann@b"), ("jürgen@b", True, "jXXrgen@b"), ("j\udcfcrgen@b", False, "jXrgen@b")],
)
def test_what_is_done_with_other_octets_than_ascii(address: str, utf8: bool, lax: str) -> None:
    assert is_utf8(address) is utf8
    assert without_8bit(address) == lax
