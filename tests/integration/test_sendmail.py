"""What scripts send goes through sendmail(1) of a real Postfix, run by a server that has no rights of its own."""

import os
from collections.abc import Iterator

import pytest
from tests.integration.filteringpost import FilteringPost, address, mail
from tests.server.postfix import running_postfix
from tests.server.running import running_server, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix")

LARGE = "".join([f"{number:08}{'.' * 62}\n" for number in range(74_000)])


@pytest.fixture(scope="module")
def filters() -> Iterator[FilteringPost]:
    with running_server() as server:
        path = server.open_sockets({"lmtpopen": "lmtpd"}) / "lmtpopen"
        with running_postfix(f"lmtp:unix:{path}") as postfix:
            server.within = postfix.namespace()
            server.restart_with(f"sendmail: {postfix.sendmail()}\n")
            yield FilteringPost(server, postfix)


def test_an_answer_comes_back_to_who_wrote(filters: FilteringPost) -> None:
    away = filters.add_user('require "vacation"; vacation :subject "Away" "Back on Monday.";')
    writer = filters.add_user()
    filters.hand_in(mail("Are you there?", away), away, sender=writer)
    (answer,) = filters.wait_for(writer, "Away")
    assert answer["Return-Path"] == "<>"
    assert answer["Auto-Submitted"] == "auto-replied (vacation)"
    assert answer.get_content() == "Back on Monday.\r\n"


def test_a_message_of_5_megabytes_is_sent_on_as_it_is(filters: FilteringPost) -> None:
    assert len(LARGE) > 5 << 20
    target, writer = filters.add_user(), filters.add_user()
    forwarding = filters.add_user(f'redirect "{address(target)}";')
    filters.hand_in(mail("Sent on", forwarding, text=LARGE), forwarding, sender=writer)
    (received,) = filters.wait_for(target, "Sent on")
    assert received["Return-Path"] == f"<{address(writer)}>"
    assert received.get_content() == LARGE.replace("\n", "\r\n")
    assert filters.messages(forwarding) == []


def test_whoever_is_rejected_is_told_why(filters: FilteringPost) -> None:
    picky = filters.add_user('require "reject"; reject "non merci, c\'est déjà vendu";')
    writer = filters.add_user()
    filters.hand_in(mail("Buy this", picky), picky, sender=writer)
    (told,) = filters.wait_for(writer)
    assert told["Return-Path"] == "<>"
    assert told.get_content_type() == "multipart/report"


def test_while_postfix_is_stopped_its_program_takes_mail_and_postfix_sends_it_later(filters: FilteringPost) -> None:
    target, writer = filters.add_user(), filters.add_user()
    forwarding = filters.add_user(f'redirect "{address(target)}";')
    subjects = [f"While it was stopped {number}" for number in range(5)]
    with filters.postfix.stopped():
        with filters.server.lmtp() as client:
            for subject in subjects:
                client.sendmail(address(writer), [address(forwarding)], mail(subject, forwarding).as_bytes())
        wait_until(lambda: "empty" in filters.server.command("queue", "list").errors, "the queue is empty")
    received = filters.wait_for(target, "While it was stopped", count=len(subjects))
    assert sorted(str(each["Subject"]) for each in received) == subjects
