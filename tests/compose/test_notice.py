from datetime import timedelta

from hypothesis import given
from tests.compose.letters import ALICE, MOMENT, REPORTER, TEXT, check_form, original, parsed

from angarium.compose import OutgoingMail, script_failure_notice


def notice(script: str = "main", reason: str = "too many redirects", days: int = 0) -> OutgoingMail:
    return script_failure_notice(
        original(),
        script=script,
        place="line 3, column 7",
        reason=reason,
        owner=ALICE,
        reporter=REPORTER,
        moment=MOMENT + timedelta(days=days),
    )


def test_a_user_is_told_what_went_wrong_and_where() -> None:
    mail = notice()
    check_form(mail)
    assert mail.recipients == (ALICE.address,)
    text = parsed(mail).get_content()
    for said in ('"main"', "too many redirects", "line 3, column 7", "$SieveFailed", "Bob <bob@example.net>", "lunch"):
        assert said in text


def test_one_day_has_one_notice() -> None:
    assert notice().message_id == notice(reason="another").message_id
    assert notice().message_id != notice(days=1).message_id


@given(TEXT, TEXT)
def test_whatever_is_said_a_notice_is_well_formed(script: str, reason: str) -> None:
    check_form(notice(script, reason))
