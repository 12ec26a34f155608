"""What is announced, and when."""

from dataclasses import replace
from pathlib import Path

import pytest

from angarium.config import parse_settings
from angarium.imap.capabilities import Moment, Occasion, capabilities
from angarium.imap.dialect import SERVED, Extension
from angarium.sasl import MECHANISMS

_BASE = "configdirectory: /var/imap\npartition-default: /var/spool/imap\n"


def _settings_of(options: str = "") -> Occasion:
    settings = parse_settings(_BASE + options, file=Path("/etc/imapd.conf")).settings
    return Occasion(Moment.AFTER_LOGIN, settings, ("PLAIN", "LOGIN"))


def _announced(occasion: Occasion) -> list[str]:
    return [word.decode() for word in capabilities(occasion)]


def test_the_greeting_has_the_short_list() -> None:
    occasion = replace(_settings_of(), moment=Moment.GREETING)
    assert _announced(occasion) == [
        "IMAP4rev1",
        "IMAP4rev2",
        "LITERAL+",
        "ID",
        "ENABLE",
        "LANGUAGE",
        "AUTH=PLAIN",
        "AUTH=LOGIN",
        "SASL-IR",
    ]
    refused = replace(occasion, mechanisms=(), plaintext_allowed=False)
    assert _announced(refused) == ["IMAP4rev1", "IMAP4rev2", "LITERAL+", "ID", "ENABLE", "LANGUAGE", "LOGINDISABLED"]


def test_before_login_mechanisms_stand_among_the_others() -> None:
    before = _announced(replace(_settings_of(), moment=Moment.BEFORE_LOGIN, plaintext_allowed=False))
    at = before.index("LOGINDISABLED")
    assert before[at : at + 4] == ["LOGINDISABLED", "AUTH=PLAIN", "AUTH=LOGIN", "SASL-IR"]
    assert before.index("UNSELECT") < at < before.index("COMPRESS=DEFLATE") < before.index("IDLE")


def test_after_login_there_is_nothing_about_logging_in() -> None:
    after = _announced(_settings_of())
    assert not [name for name in after if name.startswith(("LOGINDISABLED", "AUTH=", "SASL-IR"))]
    assert "UNAUTHENTICATE" in after
    assert "UNAUTHENTICATE" not in _announced(replace(_settings_of(), moment=Moment.BEFORE_LOGIN))


def test_nothing_is_announced_twice() -> None:
    after = _announced(replace(_settings_of(), served=frozenset(Extension)))
    assert len(after) == len(set(after))


@pytest.mark.parametrize("hidden", ["MOVE", "IDLE", "SASL-IR", "AUTH=PLAIN", "AUTH", "NOSUCH"])
def test_hidden_ones_are_left_out_and_no_others(hidden: str) -> None:
    occasion = replace(_settings_of(), moment=Moment.BEFORE_LOGIN)
    left_out = set(_announced(occasion)) - set(_announced(replace(occasion, hidden=frozenset({hidden}))))
    assert left_out == {name for name in _announced(occasion) if hidden in (name, name.partition("=")[0])}


@pytest.mark.parametrize("extension", [extension for extension in Extension if extension in SERVED])
def test_what_is_not_served_is_not_announced(extension: Extension) -> None:
    occasion = replace(_settings_of(), served=SERVED - {extension})
    assert extension.value.encode() not in capabilities(occasion)


def test_options_decide_about_some() -> None:
    assert "IDLE" not in _announced(_settings_of("imapidlepoll: 0\n"))
    literals = [name for name in _announced(_settings_of("literalminus: yes\n")) if name.startswith("LITERAL")]
    assert literals == ["LITERAL-"]


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ("", []),
        ("messagelimit: 2000\n", ["MESSAGELIMIT=2000"]),
        ("savelimit: 3000\n", ["SAVELIMIT=3000"]),
        ("savelimit: 3000\nmessagelimit: 2000\n", ["MESSAGELIMIT=2000"]),
    ],
)
def test_limits_are_announced_where_there_are_any(options: str, limits: list[str]) -> None:
    assert [name for name in _announced(_settings_of(options)) if name.partition("=")[0].endswith("ELIMIT")] == limits


# The whole list, beside that of Cyrus 3.6.1 for an administrator, with legacy annotations and a certificate


def _words(text: str) -> list[str]:
    return text.split()


_RECORDED_BEFORE = _words(
    """
IMAP4rev1 LITERAL+ ID ENABLE ACL ANNOTATE-EXPERIMENT-1 BINARY CATENATE CHILDREN CONDSTORE CREATE-SPECIAL-USE ESEARCH
ESORT LIST-EXTENDED LIST-MYRIGHTS LIST-STATUS MAILBOX-REFERRALS METADATA MOVE MULTIAPPEND NAMESPACE OBJECTID PREVIEW
QRESYNC QUOTA RIGHTS=kxten SAVEDATE SEARCH=FUZZY SORT SORT=DISPLAY SPECIAL-USE STATUS=SIZE THREAD=ORDEREDSUBJECT
THREAD=REFERENCES UIDPLUS UNSELECT URLAUTH URLAUTH=BINARY WITHIN ANNOTATEMORE DIGEST=SHA1 LIST-METADATA
NO_ATOMIC_RENAME SCAN SORT=MODSEQ SORT=UID THREAD=REFS X-CREATEDMODSEQ X-REPLICATION X-SIEVE-MAILBOX XLIST XMOVE
"""
)
_RECORDED_BEHIND = _words(
    """
XCONVERSATIONS COMPRESS=DEFLATE X-QUOTA=STORAGE X-QUOTA=MESSAGE X-QUOTA=X-ANNOTATION-STORAGE X-QUOTA=X-NUM-FOLDERS
IDLE APPENDLIMIT=4294967295
"""
)
_RECORDED_LOGINS = _words(
    """
STARTTLS AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=DIGEST-MD5 AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256 SASL-IR
"""
)

RECORDED = {
    Moment.GREETING: ["IMAP4rev1", "LITERAL+", "ID", "ENABLE", *_RECORDED_LOGINS],
    Moment.BEFORE_LOGIN: [*_RECORDED_BEFORE, *_RECORDED_LOGINS, *_RECORDED_BEHIND],
    Moment.AFTER_LOGIN: [*_RECORDED_BEFORE, "LOGINDISABLED", "UNAUTHENTICATE", *_RECORDED_BEHIND],
}

LEFT_OUT = {
    "LOGINDISABLED": "of no use after login",
    "SEARCH=FUZZY": "all search is exact",
    "URLAUTH": "for reasons of security",
    "URLAUTH=BINARY": "with it",
    "NO_ATOMIC_RENAME": "RENAME is atomic",
    "SCAN": "Cyrus's own, as are the next ones",
    "X-CREATEDMODSEQ": "",
    "X-REPLICATION": "",
    "X-SIEVE-MAILBOX": "",
    "XMOVE": "",
    "XCONVERSATIONS": "",
}

ADDED = _words(
    """
IMAP4rev2 CONTEXT=SEARCH CONTEXT=SORT FILTERS I18NLEVEL=2 INPROGRESS LANGUAGE MULTISEARCH NOTIFY PARTIAL
QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-ANNOTATION-STORAGE QUOTA=RES-MAILBOX QUOTASET REPLACE SEARCHRES UIDONLY
URL-PARTIAL UTF8=ACCEPT
"""
)


@pytest.mark.parametrize("moment", Moment)
def test_the_whole_list_is_that_of_cyrus_but_for_what_is_said(moment: Moment) -> None:
    recorded = [name.removeprefix("AUTH=") for name in _RECORDED_LOGINS if name.startswith("AUTH=")]
    mechanisms = tuple([name for name in MECHANISMS if name in recorded])
    occasion = replace(
        _settings_of("annotation_enable_legacy_commands: yes\n"), moment=moment, starttls=True, mechanisms=mechanisms
    )
    ours = _announced(occasion)
    assert [name for name in ours if name not in ADDED] == [name for name in RECORDED[moment] if name not in LEFT_OUT]


def test_what_is_added_to_the_list_stands_by_the_alphabet() -> None:
    standards = _announced(_settings_of())
    standards = standards[standards.index("ENABLE") + 1 : standards.index("DIGEST=SHA1")]
    assert standards == sorted(standards, key=lambda name: name.partition("=")[0])


def test_both_revisions_are_announced_always() -> None:
    for moment in Moment:
        assert _announced(replace(_settings_of(), moment=moment))[:2] == ["IMAP4rev1", "IMAP4rev2"]


def test_the_place_of_scripts_is_told_where_there_is_one() -> None:
    occasion = replace(_settings_of(), sieve_url="sieve://mail.example.org:2000")
    assert "IMAPSIEVE=sieve://mail.example.org:2000" in _announced(occasion)
    assert not any(word.startswith("IMAPSIEVE") for word in _announced(_settings_of()))
    off = replace(_settings_of("imapsieve: no\n"), sieve_url="sieve://mail.example.org")
    assert not any(word.startswith("IMAPSIEVE") for word in _announced(off))
    assert not any(word.startswith("IMAPSIEVE") for word in _announced(replace(occasion, moment=Moment.GREETING)))


def test_starttls_is_for_strangers_without_tls() -> None:
    for moment, starttls in ((Moment.BEFORE_LOGIN, False), (Moment.AFTER_LOGIN, True), (Moment.AFTER_LOGIN, False)):
        assert "STARTTLS" not in _announced(replace(_settings_of(), moment=moment, starttls=starttls))
    names = _announced(replace(_settings_of(), moment=Moment.GREETING, starttls=True, plaintext_allowed=False))
    assert names[-5:] == ["STARTTLS", "LOGINDISABLED", "AUTH=PLAIN", "AUTH=LOGIN", "SASL-IR"]
