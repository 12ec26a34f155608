"""What is announced."""

import pytest
from tests.managesieve.office import settings

from angarium import __version__
from angarium.config import Settings
from angarium.managesieve.capabilities import Occasion, capabilities
from angarium.operations.scripts import allowed_extensions
from angarium.sieve import CAPABILITIES


def announced(occasion: Occasion) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for line in capabilities(occasion).decode().splitlines():
        name, _, value = line.partition(" ")
        assert name not in found, "a name appears once (RFC 5804 §1.7)"
        found[name.strip('"')] = value.strip('"') if value else None
    return found


def served(options: Settings) -> str:
    allowed = allowed_extensions(options.sieve)
    return " ".join([name for name in CAPABILITIES if name in allowed])


def test_all_of_them_before_the_login() -> None:
    options = settings("sieve_lists: /var/lists\nserverinfo: on\nsieve_maxredirects: 7")
    found = announced(Occasion(options, ["SCRAM-SHA-256", "PLAIN"], starttls=True))
    assert list(found.items()) == [
        ("IMPLEMENTATION", f"Angarium {__version__}"),
        ("VERSION", "1.0"),
        ("SASL", "SCRAM-SHA-256 PLAIN"),
        ("SIEVE", served(options)),
        ("NOTIFY", "mailto"),
        ("EXTLISTS", "urn:angarium:list urn:ietf:params:sieve:addrbook"),
        ("MAXREDIRECTS", "7"),
        ("LANGUAGE", "en"),
        ("STARTTLS", None),
        ("UNAUTHENTICATE", None),
    ]
    assert {"fileinto", "vacation", "extlists", "imapsieve", "enotify"} <= set((found["SIEVE"] or "").split())


def test_behind_the_login_there_is_an_owner_and_no_mechanism() -> None:
    found = announced(Occasion(settings(), owner="alice@example.org"))
    assert found["OWNER"] == "alice@example.org"
    assert not {"SASL", "STARTTLS"} & set(found)


@pytest.mark.parametrize(("starttls", "value"), [(True, ""), (False, None)])
def test_the_list_of_mechanisms_is_empty_only_where_tls_is_asked_for_first(starttls: bool, value: str | None) -> None:
    found = announced(Occasion(settings(), starttls=starttls))
    assert ("SASL" in found, found.get("SASL") or None) == (starttls, value or None)


def test_what_scripts_cannot_require_is_not_announced() -> None:
    found = announced(Occasion(settings("sieve_extensions: fileinto")))
    assert (found["SIEVE"] or "").split()[-1] == "fileinto" or "fileinto" in (found["SIEVE"] or "")
    assert "vacation" not in (found["SIEVE"] or "")
    assert not {"NOTIFY", "EXTLISTS"} & set(found)


@pytest.mark.parametrize(("serverinfo", "name"), [("min", "Angarium"), ("off", "ManageSieve")])
def test_the_name_tells_what_it_may(serverinfo: str, name: str) -> None:
    assert announced(Occasion(settings(f"serverinfo: {serverinfo}")))["IMPLEMENTATION"] == name
