import pytest
from tests.sasl.exchanges import Answers, begin_server, client_setting, converse

from angarium.sasl import CertificateWanted, Challenge, Failed, FailureReason, Outcome


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (b"", CertificateWanted()),
        (b"fred@example.com", CertificateWanted("fred@example.com")),
        ("ä".encode(), CertificateWanted("ä")),
        (b"a\x00", Failed(FailureReason.NUL)),
        (b"\xff", Failed(FailureReason.NOT_UTF8)),
        (b"a" * 1025, Failed(FailureReason.TOO_LONG)),
    ],
)
def test_messages(message: bytes, outcome: Outcome) -> None:
    # RFC 4422 §A.1
    server = begin_server("EXTERNAL")
    assert server.step(None) == Challenge(b"")
    assert server.step(message) == outcome


@pytest.mark.parametrize("authzid", [None, "bob"])
def test_the_client_says_for_whom_it_acts(authzid: str | None) -> None:
    setting = client_setting(certificate=True, authzid=authzid)
    assert converse("EXTERNAL", setting, Answers()) == CertificateWanted(authzid)
