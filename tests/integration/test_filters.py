"""Sieve between a real Postfix and mailboxes: what scripts send comes to its recipients by Postfix, and back to us."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.integration.filteringpost import FilteringPost, address, mail
from tests.server.postfix import Postfix, running_postfix
from tests.server.running import LOOPBACK, running_server, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix")

AT_ONCE = 300
DELIVERED_WITHIN_S = 5.0
"""Far less than what any wait for an MTA would take."""


@pytest.fixture(scope="module")
def filters() -> Iterator[FilteringPost]:
    with running_server() as server:
        path = server.open_sockets({"lmtpopen": "lmtpd"}) / "lmtpopen"
        with running_postfix(f"lmtp:unix:{path}") as postfix:
            server.restart_with(f"smtp_backend: host\nsmtp_host: {LOOPBACK}:{postfix.port}/noauth\n")
            yield FilteringPost(server, postfix)


def test_an_answer_comes_back_to_who_wrote(filters: FilteringPost) -> None:
    away = filters.add_user('require "vacation"; vacation :subject "Away" "Back on Monday.";')
    writer = filters.add_user()
    filters.hand_in(mail("Are you there?", away), away, sender=writer)
    (answer,) = filters.wait_for(writer, "Away")
    assert answer["Return-Path"] == "<>"
    assert answer["Auto-Submitted"] == "auto-replied (vacation)"
    assert answer.get_content() == "Back on Monday.\r\n"
    (kept,) = filters.wait_for(away, "Are you there?")
    assert answer["In-Reply-To"] == kept["Message-ID"]


def test_two_who_are_away_do_not_write_to_one_another_for_ever(filters: FilteringPost) -> None:
    script = 'require "vacation"; vacation :subject "Away too" "Gone.";'
    one, other = filters.add_user(script), filters.add_user(script)
    filters.hand_in(mail("Hello", one), one, sender=other)
    filters.wait_for(other, "Away too")
    filters.hand_in(mail("The last one", one), one, sender=other)
    filters.wait_for(one, "The last one")
    assert [str(each["Subject"]) for each in filters.messages(other)] == ["Away too"]


def test_a_message_is_sent_on_as_it_is(filters: FilteringPost) -> None:
    target, writer = filters.add_user(), filters.add_user()
    forwarding = filters.add_user(f'redirect "{address(target)}";')
    sent = mail("Sent on", forwarding)
    filters.hand_in(sent, forwarding, sender=writer)
    (received,) = filters.wait_for(target, "Sent on")
    assert received["Return-Path"] == f"<{address(writer)}>"
    assert received["Message-ID"] == sent["Message-ID"]
    assert received.get_content().splitlines() == ["Hello."]
    assert filters.messages(forwarding) == []


def test_two_who_send_on_to_one_another_make_no_loop(filters: FilteringPost) -> None:
    one = filters.add_user()
    other = filters.add_user(f'redirect "{address(one)}"; keep;')
    filters.activate(f'redirect "{address(other)}"; keep;', one)
    filters.hand_in(mail("Round", one), one, sender=filters.add_user())
    filters.wait_for(one, "Round")
    filters.wait_for(other, "Round")
    filters.hand_in(mail("Behind it", one), one, sender=filters.add_user())
    filters.wait_for(other, "Behind it")
    for user in (one, other):
        subjects = [str(each["Subject"]) for each in filters.messages(user)]
        assert (subjects.count("Round"), subjects.count("Behind it")) == (1, 1)


@pytest.mark.parametrize("reason", ["no thanks", "non merci, c'est d\u00e9j\u00e0 vendu"])
def test_whoever_is_rejected_is_told_why(filters: FilteringPost, reason: str) -> None:
    writer = filters.add_user()
    picky = filters.add_user(f'require "reject"; reject "{reason}";')
    filters.hand_in(mail("Buy this", picky), picky, sender=writer)
    (told,) = filters.wait_for(writer)
    assert told["Return-Path"] == "<>"
    text = "".join(part.get_content() for part in told.walk() if part.get_content_type() == "text/plain")
    assert reason in " ".join(text.split())
    assert filters.messages(picky) == []


def test_a_notification_is_sent(filters: FilteringPost) -> None:
    pager = filters.add_user()
    notified = filters.add_user(
        f'require "enotify"; notify :importance "1" :message "You have mail" "mailto:{address(pager)}";'
    )
    filters.hand_in(mail("Urgent", notified), notified, sender=filters.add_user())
    (told,) = filters.wait_for(pager, "You have mail")
    assert str(told["Auto-Submitted"]).startswith("auto-notified")
    assert filters.wait_for(notified, "Urgent")


@pytest.mark.parametrize("disturbed", [Postfix.stopped, Postfix.hanging])
def test_whatever_postfix_does_no_delivery_waits_and_nothing_is_lost(
    filters: FilteringPost, disturbed: Callable[[Postfix], AbstractContextManager[None]]
) -> None:
    target, writer = filters.add_user(), filters.add_user()
    forwarding = filters.add_user(f'''
require ["copy", "vacation"];
redirect :copy "{address(target)}";
vacation :subject "Away" "Back on Monday.";
''')
    subjects = [f"While it was disturbed {number}" for number in range(10)]
    with disturbed(filters.postfix):
        with filters.server.lmtp() as client:
            for subject in subjects:
                began_s = time.monotonic()
                client.sendmail(address(writer), [address(forwarding)], mail(subject, forwarding).as_bytes())
                assert time.monotonic() - began_s < DELIVERED_WITHIN_S
        assert len(filters.messages(forwarding)) == len(subjects)
        waiting = filters.server.command("queue", "list").output
        assert waiting.count(address(target)) == len(subjects)
        assert waiting.count(address(writer)) > 0
    assert filters.server.command("queue", "retry", "--all").status == 0
    filters.wait_for(writer, "Away")
    received = filters.wait_for(target, "While it was disturbed", count=len(subjects))
    assert sorted(str(each["Subject"]) for each in received) == sorted(subjects)
    wait_until(lambda: "empty" in filters.server.command("queue", "list").errors, "the queue is empty")


def test_a_message_for_many_runs_the_script_of_each(filters: FilteringPost) -> None:
    writer = filters.add_user()
    keeping = [filters.add_user() for _ in range(3)]
    dropping = [filters.add_user("discard;") for _ in range(3)]
    filters.hand_in(mail("To all", keeping[0]), *keeping, *dropping, sender=writer)
    for user in keeping:
        filters.wait_for(user, "To all")
    assert [filters.messages(user) for user in dropping] == [[], [], []]


def test_many_messages_at_once_are_filed_by_a_script(filters: FilteringPost) -> None:
    user = filters.add_user('require ["fileinto","mailbox"]; fileinto :create "lists"; keep;')

    def deliver(number: int) -> None:
        with filters.server.lmtp() as client:
            client.sendmail("list@example.com", [address(user)], mail(f"Number {number}", user).as_bytes())

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(deliver, range(AT_ONCE)))
    with filters.server.imap(user) as client:
        for mailbox in ("INBOX", "lists"):
            assert client.select(mailbox, readonly=True) == ("OK", [str(AT_ONCE).encode()])


def test_a_full_mailbox_gets_its_mail_when_there_is_room(filters: FilteringPost, tmp_path: Path) -> None:
    user, writer = filters.add_user(), filters.add_user()
    with filters.server.imap(filters.server.admin) as admin:
        admin.setquota(f"user/{user.name}", "(STORAGE 1)")
        filters.hand_in(mail("Large", user, text="x" * 60 + "\n" * 2000), user, sender=writer)
        filters.wait_for(user, "Large")
        filters.hand_in(mail("Waiting", user), user, sender=writer)
        filters.postfix.wait_for("Over quota")
        assert len(filters.messages(user)) == 1
        admin.setquota(f"user/{user.name}", "(STORAGE 1000)")
    filters.postfix.flush()
    filters.wait_for(user, "Waiting")
