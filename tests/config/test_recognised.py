import pytest

from angarium.config.recognised import AS_SERVED, FORMS, RECOGNISED, recognise
from angarium.config.table import OPTIONS

OTHERS = [form.recognised for form in FORMS]


@pytest.mark.parametrize(
    ("name", "served_later"),
    [
        ("httpmodules", True),
        ("ldap_referrals", True),
        ("mboxlist_db", False),
        ("tls_sessions_db_path", False),
        ("sasl_ldapdb_uri", False),
        ("archivepartition-default", True),
        ("searchpartition-default", True),
        ("backend1_mechs", True),
        ("backend1_password", True),
        ("channel_sync_password", True),
        ("backuppartition-x", False),
    ],
)
def test_names_of_cyrus_are_recognised(name: str, served_later: bool) -> None:
    recognised = recognise(name)
    assert recognised is not None
    assert recognised.served_later is served_later
    assert recognised.why


@pytest.mark.parametrize("name", ["", "nonsense", "sasl_", "xlist-", "_mechs", "httpmodule"])
def test_other_names_are_not(name: str) -> None:
    assert recognise(name) is None


def test_the_table_holds_the_names_of_a_whole_release() -> None:
    served = [entry.option for entry in OPTIONS.values() if not entry.option.added]
    assert len(RECOGNISED) + len(served) > 530
    assert all(name == name.lower() for name in RECOGNISED)


def test_a_reason_ends_a_sentence_that_has_its_colon_already() -> None:
    assert not [recognised.why for recognised in (*RECOGNISED.values(), *OTHERS) if ": " in recognised.why]


def test_what_the_server_does_anyway_is_asked_for_by_options_of_the_table() -> None:
    assert AS_SERVED.keys() <= RECOGNISED.keys()
    assert all(RECOGNISED[name].served_later for name in AS_SERVED)
