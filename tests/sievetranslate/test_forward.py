import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sievetranslate.running import actions_of

from angarium.sieve import parse_script
from angarium.sievetranslate import SourceRefused, Surroundings, VacationText, Verdict, translate_forward

MESSAGE = "From: a@example.org\n\nx\n"
JOE = Surroundings(user="joe", domain="example.org", vacation=VacationText("Away"))


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("jim@example.net\n", ["redirect jim@example.net"]),
        (
            "jim@example.net, ann@example.net\n# nobody@example.net\n",
            ["redirect jim@example.net", "redirect ann@example.net"],
        ),
        ("jim@example.net\njim@example.net\n", ["redirect jim@example.net"]),
        ('"jim@example.net"', ["redirect jim@example.net"]),
        ("Jim <jim@example.net>", ["redirect jim@example.net"]),
        ("jim", ["redirect jim@example.org"]),
        ("\\joe, jim@example.net", ["redirect jim@example.net", "keep"]),
        ("joe, jim@example.net", ["redirect jim@example.net", "keep"]),
        ("joe@example.org", ["keep"]),
        ("\\joe", ["keep"]),
        ("/dev/null", ["discard"]),
        (":blackhole:", ["discard"]),
        (":fail: gone away", ["reject gone away"]),
        (":fail:", ["reject This mail is not accepted."]),
        ("/home/joe/mail/archive", ["fileinto archive"]),
        ("/home/joe/mail/archive, jim@example.net", ["redirect jim@example.net", "fileinto archive"]),
        ("~/Maildir/", ["keep"]),
        ("/var/mail/joe", ["keep"]),
        ('\\joe, "|/usr/bin/vacation joe"', ["vacation Away", "keep"]),
        ('"|/usr/sbin/sendmail -oi jim@example.net"', ["redirect jim@example.net"]),
        ('"|/usr/lib/dovecot/deliver -m a.b"', ["fileinto a/b"]),
        ('"|/usr/cyrus/bin/deliver joe"', ["keep"]),
        ("", ["keep"]),
    ],
)
def test_destinations_become_actions(text: str, actions: list[str]) -> None:
    translation = translate_forward(text.encode(), JOE)
    assert translation.remarks == ()
    assert actions_of(translation.script, MESSAGE) == actions


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (":include:/home/joe/list", "another file"),
        (":defer: later", ":defer:"),
        ("|/usr/local/bin/filter", "no programs"),
        ('|"/usr/local/bin/filter -x"', "no programs"),
        ("\"|IFS=' ' && exec /usr/bin/procmail -f- || exit 75 #joe\"", "from-procmail"),
        ("not an address", "no address"),
        ("/etc/passwd", "no directory"),
        ('"|echo `date`"', "output of a command"),
    ],
)
def test_what_cannot_be_translated_is_named_and_the_mail_is_kept_besides(item: str, reason: str) -> None:
    translation = translate_forward(f"jim@example.net\n{item}\n".encode(), JOE)
    assert [(each.line, each.verdict) for each in translation.remarks] == [(2, Verdict.LEFT_OUT)]
    assert reason in translation.remarks[0].text
    assert "NOT TRANSLATED, line 2" in translation.script
    assert actions_of(translation.script, MESSAGE) == ["redirect jim@example.net", "keep"]


def test_addresses_without_a_domain_are_named() -> None:
    assert "--domain" in translate_forward(b"jim\n", Surroundings()).remarks[0].text


def test_without_a_text_a_vacation_answer_is_left_to_be_completed() -> None:
    translation = translate_forward(b'\\joe, "|vacation -t7d -a j@example.org joe"\n', Surroundings(user="joe"))
    assert '# vacation :days 7 :addresses "j@example.org" "…";' in translation.script
    assert actions_of(translation.script, MESSAGE) == ["keep"]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"# Sieve filter\nkeep;\n", "already"),
        (b"# Exim filter\ndeliver x\n", "Exim"),
        (b"a\0b", "NUL"),
        (b"a@example.org," * 1001, "more than"),
    ],
)
def test_what_is_no_list_of_addresses_is_refused(octets: bytes, reason: str) -> None:
    with pytest.raises(SourceRefused, match=reason):
        translate_forward(octets, JOE)


PARTS = st.sampled_from(
    ["a@example.org", "joe", "\\", '"', "|", "/home/joe/x", ":include:", ":fail:", "vacation ", ",", "\n", "#", "<",
     ">", "'", "$HOME", "`", "é", "\x7f", "${a}", "/dev/null", " "]
)  # fmt: skip


@given(st.lists(PARTS, max_size=15).map("".join).map(str.encode) | st.binary(max_size=60))
def test_any_octets_give_a_script_that_parses_or_a_refusal(octets: bytes) -> None:
    try:
        script = translate_forward(octets, JOE).script
    except SourceRefused:
        return
    parse_script(script.encode())
