from pathlib import Path

import pytest

from angarium.cli.policy import name_settings, sqlite_options, store_policy
from angarium.config import Settings, parse_settings
from angarium.engine.sqlite import SqliteOptions
from angarium.errors import ConfigError
from angarium.names import NameSettings, VirtDomains
from angarium.rights import parse_rights
from angarium.store import StorePolicy


def settings_of(text: str) -> Settings:
    return parse_settings(f"configdirectory: /c\npartition-default: /p\n{text}\n", file=Path("/imapd.conf")).settings


def test_defaults_of_options_are_those_of_the_store() -> None:
    assert store_policy(settings_of("")) == StorePolicy()


def test_names_are_as_the_options_say() -> None:
    text = """unixhierarchysep: no
altnamespace: no
userprefix: U
sharedprefix: S
altprefix: A
virtdomains: yes
defaultdomain: example.org
username_tolower: no
deletedprefix: GONE
"""
    assert name_settings(settings_of(text)) == NameSettings(
        False, False, "U", "S", "A", VirtDomains.ON, "example.org", False, "GONE"
    )


def test_rights_are_read_by_deleteright() -> None:
    policy = store_policy(settings_of("deleteright: d\nimplicit_owner_rights: lkd\ndefaultacl: anyone lrd bob a"))
    assert policy.deleteright == "d"
    assert policy.implicit_owner_rights == parse_rights("lkd", deleteright="d")
    assert policy.defaultacl.rights_of("anyone") == parse_rights("lrd", deleteright="d")
    assert policy.defaultacl.rights_of("bob") == parse_rights("a", deleteright="d")


@pytest.mark.parametrize("value", ["x", "cd", ""])
def test_a_deleteright_that_is_none_stops_the_start(value: str) -> None:
    with pytest.raises(ConfigError, match="deleteright"):
        store_policy(settings_of(f"deleteright: {value}"))


def test_the_engine_has_the_paths_and_bounds_of_the_options() -> None:
    text = "partition-fast: /f\ndefaultpartition: default\nsingleinstancestore: no\nopen_accounts: 7\nwriter_threads: 3"
    options = sqlite_options(settings_of(text))
    assert isinstance(options, SqliteOptions)
    assert options.directory == "/c"
    assert options.partitions == {"default": "/p", "fast": "/f"}
    assert (options.single_instance, options.open_accounts, options.writer_threads) == (False, 7, 3)
    assert store_policy(settings_of(text)).partitions == {"default", "fast"}
