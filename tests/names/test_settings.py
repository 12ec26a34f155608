import pytest

from angarium.errors import ConfigError
from angarium.names import NameSettings, VirtDomains


def test_defaults_are_those_of_cyrus_3() -> None:
    settings = NameSettings()
    assert settings.separator == "/"
    assert settings.altnamespace
    assert not settings.has_domains


def test_separator_without_unixhierarchysep_is_a_dot() -> None:
    assert NameSettings(unixhierarchysep=False).separator == "."


@pytest.mark.parametrize("virtdomains", [VirtDomains.USERID, VirtDomains.ON])
def test_names_have_domains_with_virtdomains(virtdomains: VirtDomains) -> None:
    assert NameSettings(virtdomains=virtdomains).has_domains


@pytest.mark.parametrize("prefix", ["", "a/b", "inbox", "a%", "e\u0301", "a\tb"])
def test_prefix_that_is_no_component_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError, match="userprefix"):
        NameSettings(userprefix=prefix)


def test_dot_in_a_prefix_needs_unixhierarchysep() -> None:
    assert NameSettings(sharedprefix="Shared.Folders").sharedprefix == "Shared.Folders"
    with pytest.raises(ConfigError, match="sharedprefix"):
        NameSettings(sharedprefix="Shared.Folders", unixhierarchysep=False)


def test_equal_prefixes_are_refused() -> None:
    with pytest.raises(ConfigError, match="must differ"):
        NameSettings(userprefix="Others", sharedprefix="Others")


@pytest.mark.parametrize("prefix", ["user", "x" * 51])
def test_deletedprefix_that_cannot_serve_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError, match="deletedprefix"):
        NameSettings(deletedprefix=prefix)


def test_defaultdomain_is_a_domain() -> None:
    with pytest.raises(ConfigError, match="defaultdomain"):
        NameSettings(defaultdomain="Example.ORG")
