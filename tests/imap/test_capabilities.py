"""What is announced, and when."""

from dataclasses import replace
from pathlib import Path

import pytest

from angarium.config import parse_settings
from angarium.imap.capabilities import Moment, Occasion, capabilities
from angarium.imap.dialect import SERVED, Extension

_BASE = "configdirectory: /var/imap\npartition-default: /var/spool/imap\n"


def _settings_of(options: str = "") -> Occasion:
    settings = parse_settings(_BASE + options, file=Path("/etc/imapd.conf")).settings
    return Occasion(Moment.AFTER_LOGIN, settings, ("PLAIN", "LOGIN"))


def _announced(occasion: Occasion) -> list[str]:
    return [word.decode() for word in capabilities(occasion)]


def test_the_greeting_has_the_short_list() -> None:
    occasion = replace(_settings_of(), moment=Moment.GREETING)
    assert _announced(occasion) == ["IMAP4rev1", "LITERAL+", "ID", "ENABLE", "AUTH=PLAIN", "AUTH=LOGIN", "SASL-IR"]
    refused = replace(occasion, mechanisms=(), plaintext_allowed=False)
    assert _announced(refused) == ["IMAP4rev1", "LITERAL+", "ID", "ENABLE", "LOGINDISABLED"]


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
