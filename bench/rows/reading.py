"""What people's programs ask for most: selecting, fetching, searching."""

import re
from datetime import timedelta

from bench.bed import Bed, Sample, expect
from bench.letters import FIRST_DAY, LETTERS_A_DAY, SENDERS, sender

_TEN_FIELDS = "From To Cc Subject Date Message-ID In-Reply-To References Content-Type X-Mailer"


def select_10k(bed: Bed) -> Sample:
    return _select(bed, bed.small_letters())


def select_100k(bed: Bed) -> Sample:
    return _select(bed, bed.small_letters(100_000))


def fetch_flags(bed: Bed) -> Sample:
    return _fetch(bed, bed.small_letters(), "(FLAGS)", messages=10_000, passes=10)


def fetch_envelope(bed: Bed) -> Sample:
    return _fetch(bed, bed.small_letters(), "(ENVELOPE RFC822.SIZE INTERNALDATE)", messages=10_000, passes=3)


def fetch_bodystructure(bed: Bed) -> Sample:
    return _fetch(bed, bed.small_letters(), "(BODYSTRUCTURE)", messages=10_000, passes=3)


def fetch_header_fields(bed: Bed) -> Sample:
    return _fetch(bed, bed.small_letters(), f"(BODY.PEEK[HEADER.FIELDS ({_TEN_FIELDS})])", messages=10_000, passes=2)


def fetch_body(bed: Bed) -> Sample:
    return _fetch(bed, bed.large_letters(), "(BODY.PEEK[])", messages=200, passes=5)


def search_from_10k(bed: Bed) -> Sample:
    return _search_from(bed, bed.small_letters(), messages=10_000, searches=20)


def search_from_100k(bed: Bed) -> Sample:
    return _search_from(bed, bed.small_letters(100_000), messages=100_000, searches=5)


def search_since_10k(bed: Bed) -> Sample:
    return _search_since(bed, bed.small_letters(), messages=10_000, searches=100)


def search_since_100k(bed: Bed) -> Sample:
    return _search_since(bed, bed.small_letters(100_000), messages=100_000, searches=20)


def sort_by_subject(bed: Bed) -> Sample:
    return _order(bed, "SORT (SUBJECT) UTF-8 ALL", b"* SORT ")


def thread_by_references(bed: Bed) -> Sample:
    return _order(bed, "THREAD REFERENCES UTF-8 ALL", b"* THREAD ")


def _order(bed: Bed, command: str, answer: bytes) -> Sample:
    """All messages, again and again; the first time is not measured."""
    mailbox, times = bed.small_letters(), 20
    with bed.open(mailbox) as client:
        found = client.command(command).partition(answer)[2].partition(b"\r\n")[0]
        expect(len(re.findall(rb"[0-9]+", found)), bed.count(10_000), f"{bed.server.name}: {command}")

        def work() -> None:
            for _ in range(times):
                client.command(command)

        return bed.cost(times, work)


def _select(bed: Bed, mailbox: str) -> Sample:
    count = bed.count(2_000)
    with bed.open(mailbox) as client:

        def work() -> None:
            for _ in range(count):
                client.command(f"SELECT {mailbox}")

        return bed.cost(count, work)


def _fetch(bed: Bed, mailbox: str, items: str, *, messages: int, passes: int) -> Sample:
    count = bed.count(messages)
    with bed.open(mailbox) as client:
        answer = client.command(f"FETCH 1:* {items}")
        expect(answer.count(b" FETCH ("), count, f"{bed.server.name}: answers to FETCH {items}")

        def work() -> None:
            for _ in range(passes):
                client.command(f"FETCH 1:* {items}")

        return bed.cost(count * passes, work)


def _search_from(bed: Bed, mailbox: str, *, messages: int, searches: int) -> Sample:
    """Another sender each time, a fortieth of all."""
    count = bed.count(messages)
    with bed.open(mailbox) as client:
        expect(_found(client.command(f"SEARCH FROM {sender(0)}")), -(-count // SENDERS), f"{bed.server.name}: FROM")

        def work() -> None:
            for number in range(searches):
                client.command(f"SEARCH FROM {sender(number)}")

        return bed.cost(searches, work)


def _search_since(bed: Bed, mailbox: str, *, messages: int, searches: int) -> Sample:
    """Another day each time, within the last tenth."""
    count = bed.count(messages)
    days = count // LETTERS_A_DAY
    keys = [
        f"SINCE {FIRST_DAY + timedelta(days=days - days // 10 + number % (days // 10)):%d-%b-%Y}"
        for number in range(searches)
    ]
    with bed.open(mailbox) as client:
        expect(_found(client.command(f"SEARCH {keys[0]}")), days // 10 * LETTERS_A_DAY, f"{bed.server.name}: {keys[0]}")

        def work() -> None:
            for key in keys:
                client.command(f"SEARCH {key}")

        return bed.cost(searches, work)


def _found(answer: bytes) -> int:
    return len(answer.partition(b"* SEARCH")[2].partition(b"\r\n")[0].split())
