"""Whether tickets of Kerberos are taken."""

from pathlib import Path

import pytest

from angarium.cli.verifierset import gss_acceptor, wants_gssapi
from angarium.config import Settings, parse_settings

BASE = "configdirectory: /c\npartition-default: /p\n"


def settings_of(options: str) -> Settings:
    return parse_settings(BASE + options, file=Path("/imapd.conf")).settings


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", False),
        ("sasl_mech_list: PLAIN SCRAM-SHA-256\n", False),
        ("sasl_mech_list: PLAIN gssapi\n", True),
        ("imaps_sasl_mech_list: GSSAPI\n", True),
        ("sasl_keytab: /nosuch\n", True),
    ],
)
def test_kerberos_is_looked_for_where_an_option_asks_for_it(options: str, wanted: bool) -> None:
    assert wants_gssapi(settings_of(options)) is wanted


def test_the_log_says_why_it_cannot_be_offered(caplog: pytest.LogCaptureFixture) -> None:
    assert gss_acceptor(settings_of("")) is None
    assert not caplog.records
    assert gss_acceptor(settings_of("sasl_keytab: /nosuch\n")) is None
    (record,) = caplog.records
    assert (record.msg, record.levelname) == ("gssapi_unavailable", "WARNING")
    assert "/nosuch" in record.__dict__["reason"]
