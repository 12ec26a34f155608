"""What is announced, and when."""

from angarium.imap.capabilities import capabilities_after_login, capabilities_before_login, greeting_capabilities

_AFTER = b"IMAP4rev1 LITERAL+ ID ENABLE CHILDREN CONDSTORE MOVE NAMESPACE UIDPLUS UNSELECT"


def test_greeting_has_the_short_list() -> None:
    plain = greeting_capabilities(("PLAIN", "LOGIN"), login_disabled=False)
    assert b" ".join(plain) == b"IMAP4rev1 LITERAL+ ID ENABLE AUTH=PLAIN AUTH=LOGIN SASL-IR"
    refused = greeting_capabilities((), login_disabled=True)
    assert b" ".join(refused) == b"IMAP4rev1 LITERAL+ ID ENABLE LOGINDISABLED"


def test_before_login_mechanisms_stand_among_the_others() -> None:
    capabilities = capabilities_before_login(("PLAIN",), login_disabled=True, idle=True)
    assert b" ".join(capabilities) == _AFTER + b" LOGINDISABLED AUTH=PLAIN SASL-IR IDLE"


def test_after_login_there_is_nothing_about_logging_in() -> None:
    assert b" ".join(capabilities_after_login(idle=True)) == _AFTER + b" IDLE"
    assert b" ".join(capabilities_after_login(idle=False)) == _AFTER


def test_suppressed_ones_are_left_out_whatever_their_case() -> None:
    assert b"MOVE" not in capabilities_after_login(idle=True, suppressed=("move", "Idle", "nosuch"))
    assert b"IDLE" not in capabilities_before_login((), login_disabled=False, idle=True, suppressed=("Idle",))
    assert b"SASL-IR" not in greeting_capabilities(("PLAIN",), login_disabled=False, suppressed=("SASL-IR",))
