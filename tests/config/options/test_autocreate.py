"""What new users get, as administrators write it."""

from pathlib import Path

import pytest

from angarium.config import parse_settings
from angarium.config.options import AutocreateSettings, FolderRight
from angarium.errors import ConfigError


def load(text: str) -> AutocreateSettings:
    loaded = parse_settings(
        f"configdirectory: /state\npartition-default: /spool\n{text}\n",
        file=Path("/etc/imapd.conf"),
        services=("imap",),
    )
    assert not loaded.notices, loaded.notices
    return loaded.settings.autocreate


@pytest.mark.parametrize(
    ("text", "limit_kib"),
    [
        ("", None),
        ("autocreate_quota: -1", None),
        ("autocreate_quota: 0", 0),
        ("autocreate_quota: 500", 500),
        ("autocreate_quota: 10M", 10 * 1024),
        ("autocreate_quota: 1B", 1),
        # The older option: 0 makes none, and a negative number makes one without a limit.
        ("autocreatequota: 0", None),
        ("autocreatequota: 500", 500),
        ("autocreatequota: -1", 0),
        ("autocreatequota: -500", 0),
        ("autocreate_quota: -1\nautocreatequota: -1", 0),
        ("autocreate_quota: 0\nautocreatequota: 500", 0),
        ("autocreate_quota: 700\nautocreatequota: 0", 700),
    ],
)
def test_the_two_options_of_the_quota_keep_each_its_own_meaning(text: str, limit_kib: int | None) -> None:
    assert load(text).storage_limit_kib == limit_kib


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("Drafts", ("Drafts",)),
        ("Drafts|Sent | Deep/Down", ("Drafts", "Sent", "Deep/Down")),
        ("| Drafts || Drafts |", ("Drafts",)),
        ("Entwürfe|Entw&APw-rfe", ("Entwürfe",)),
        ("R&D|R&-D", ("R&D",)),
    ],
)
def test_names_are_separated_by_bars_and_in_either_spelling(text: str, names: tuple[str, ...]) -> None:
    assert load(f"autocreate_inbox_folders: {text}").autocreate_inbox_folders == names


def test_rights_on_folders_stand_on_lines_of_their_own_as_in_cyrus() -> None:
    settings = load("autocreate_acl: plus anyone p\nautocreate_acl: My Folder group:staff +lrs | Sent bob lr\n")
    assert settings.autocreate_acl == (
        FolderRight("plus", "anyone", "p"),
        FolderRight("My Folder", "group:staff", "+lrs"),
        FolderRight("Sent", "bob", "lr"),
    )


def test_special_uses_are_chosen_by_flag() -> None:
    settings = load("xlist-drafts: Drafts\nXLIST-Junk: Spam\n")
    assert settings.special_uses == {"drafts": "Drafts", "junk": "Spam"}


def test_old_names_mean_the_new_ones() -> None:
    loaded = parse_settings(
        "configdirectory: /state\npartition-default: /spool\nautocreateinboxfolders: Sent\ncreateonpost: yes\n"
        "autosubscribeinboxfolders: Sent\nautocreatequotamsg: 7\nautosievefolders: lists\n"
        "autosubscribesharedfolders: news\nautosubscribe_all_sharedfolders: yes\n",
        file=Path("/etc/imapd.conf"),
    )
    settings = loaded.settings.autocreate
    assert settings.autocreate_inbox_folders == settings.autocreate_subscribe_folders == ("Sent",)
    assert settings.autocreate_post
    assert settings.autocreate_quota_messages == 7
    assert settings.autocreate_sieve_folders == ("lists",)
    assert settings.autocreate_subscribe_sharedfolders == ("news",)
    assert settings.autocreate_subscribe_sharedfolders_all
    assert len(loaded.notices) == 7


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("autocreate_quota: some", "not a size"),
        ("autocreate_quota_messages: -2", "out of range"),
        ("autocreate_acl: plus p", "a name, an identifier and rights are needed"),
        ("autocreate_acl: plus anyone q", "'q' is not a set of rights"),
        ("autocreate_sieve_script: default.siv", "not an absolute path"),
        ("autocreate_users: a\nautocreate_users: b", "it is set before"),
        ("xlist-drafts: A\nxlist-drafts: B", "it is set before"),
    ],
)
def test_what_cannot_be_meant_is_refused(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(line)
