from dataclasses import fields

import pytest

from angarium.config.option import Option, Scope, options_of
from angarium.config.recognised import OLD_NAMES, RECOGNISED, recognise
from angarium.config.table import OPTIONS, SUBSYSTEMS

ALL = [entry.option for entry in OPTIONS.values()]
STANDS_FOR = {
    "{required}": "/required",
    "{partition}": "default",
    "{hostname}": "host",
    "{cores}": "2",
}


def test_an_option_has_one_place() -> None:
    assert sum(len(list(options_of(each))) for each in SUBSYSTEMS.values()) == len(OPTIONS)
    assert not set(OPTIONS) & set(RECOGNISED)
    assert not set(OLD_NAMES) & (set(OPTIONS) | set(RECOGNISED))


def test_every_field_is_an_option_but_those_whose_names_an_administrator_chooses() -> None:
    names = {each.name for settings_class in SUBSYSTEMS.values() for each in fields(settings_class)}
    assert names == {*OPTIONS, "partitions", "special_uses"}


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_an_option_is_whole(option: Option) -> None:
    assert option.name == option.name.lower()
    assert option.meaning.endswith(".")
    assert option.kind.allowed
    assert option.scope in Scope
    if option.default is not None:
        default = STANDS_FOR.get(option.default, option.default).replace("{configdirectory}", "/state")
        option.kind.parse(default)


def test_a_new_name_is_known() -> None:
    for new in OLD_NAMES.values():
        assert new.name in OPTIONS or recognise(new.name) is not None, new


def test_names_of_ours_do_not_look_like_names_of_cyrus() -> None:
    for option in ALL:
        if option.added:
            assert recognise(option.name) is None, option.name
