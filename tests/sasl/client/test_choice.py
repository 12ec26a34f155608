from dataclasses import replace

import pytest
from tests.sasl.exchanges import BINDINGS, FakeInitiator, client_setting

from angarium.errors import ClientExchangeFailed
from angarium.sasl import MECHANISMS
from angarium.sasl.client import CLIENT_MECHANISMS, PLAINTEXT, ClientSetting, begin_client, choose_mechanism

PASSWORD = client_setting()
BOUND = client_setting(bindings=BINDINGS)
TOKEN = client_setting(authcid="", password="", token="t")
ALL = tuple(MECHANISMS)


def test_both_sides_speak_the_same_mechanisms() -> None:
    assert CLIENT_MECHANISMS.keys() == MECHANISMS.keys()
    assert {name for name, each in MECHANISMS.items() if each.plaintext} == PLAINTEXT


@pytest.mark.parametrize("name", list(CLIENT_MECHANISMS))
def test_each_knows_its_name(name: str) -> None:
    setting = client_setting(bindings=BINDINGS, token="t", gss=FakeInitiator("alice"), trace="", certificate=True)
    assert begin_client(name.lower(), setting).name == name


@pytest.mark.parametrize(
    ("announced", "setting", "plaintext", "chosen"),
    [
        (ALL, PASSWORD, True, "SCRAM-SHA-512"),
        (ALL, BOUND, True, "SCRAM-SHA-512-PLUS"),
        (("SCRAM-SHA-1-PLUS", "SCRAM-SHA-512"), BOUND, True, "SCRAM-SHA-1-PLUS"),
        (("SCRAM-SHA-1-PLUS", "PLAIN"), PASSWORD, True, "PLAIN"),
        (("plain", "scram-sha-256"), PASSWORD, True, "SCRAM-SHA-256"),
        (("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"), PASSWORD, True, "DIGEST-MD5"),
        (("PLAIN", "LOGIN"), PASSWORD, True, "PLAIN"),
        (("PLAIN", "LOGIN"), PASSWORD, False, None),
        (ALL, TOKEN, True, "OAUTHBEARER"),
        (("XOAUTH2", "PLAIN"), TOKEN, True, "XOAUTH2"),
        (ALL, TOKEN, False, None),
        (ALL, replace(PASSWORD, gss=FakeInitiator("alice")), True, "GSSAPI"),
        (ALL, replace(PASSWORD, certificate=True), True, "EXTERNAL"),
        (ALL, client_setting(authcid="", password="", trace="me"), False, "ANONYMOUS"),
        (ALL, client_setting(password=""), True, None),
        ((), PASSWORD, True, None),
        (("NTLM", "OTP"), PASSWORD, True, None),
    ],
)
def test_the_strongest_is_chosen_that_can_be(
    announced: tuple[str, ...], setting: ClientSetting, plaintext: bool, chosen: str | None
) -> None:
    assert choose_mechanism(announced, setting, allow_plaintext=plaintext) == chosen


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("NTLM", PASSWORD),
        ("GSSAPI", PASSWORD),
        ("EXTERNAL", PASSWORD),
        ("ANONYMOUS", PASSWORD),
        ("SCRAM-SHA-1-PLUS", PASSWORD),
        ("OAUTHBEARER", PASSWORD),
        ("PLAIN", TOKEN),
        ("PLAIN", client_setting(password="\udcff")),
        ("CRAM-MD5", client_setting(authcid="\udcff")),
    ],
)
def test_what_is_not_there_is_not_begun(name: str, setting: ClientSetting) -> None:
    with pytest.raises(ClientExchangeFailed):
        begin_client(name, setting)
