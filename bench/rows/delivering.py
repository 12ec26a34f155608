"""Mail that comes in: LMTP, APPEND, and how soon someone hears of it."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle

from bench.bed import READER, RECIPIENTS, WAITER, WRITERS, Bed, Sample
from bench.client import ImapClient
from bench.letters import DELIVERED_OCTETS, SMALL_OCTETS, internal_date, letter

_APPENDED_OCTETS = 10_000


def deliver(bed: Bed) -> Sample:
    """One connection, one recipient, one message after another."""
    numbers = bed.numbers(bed.count(200))
    messages = [letter(number, octets) for number, octets in zip(numbers, cycle(DELIVERED_OCTETS), strict=False)]
    with bed.post() as client:

        def work() -> None:
            for message in messages:
                client.deliver(message, RECIPIENTS[:1])

        return bed.cost(len(messages), work)


def deliver_to_fifty(bed: Bed) -> Sample:
    """A recipient's share of a message to fifty."""
    numbers = bed.numbers(bed.count(20))
    messages = [letter(number, octets) for number, octets in zip(numbers, cycle(DELIVERED_OCTETS), strict=False)]
    with bed.post() as client:

        def work() -> None:
            for message in messages:
                client.deliver(message, RECIPIENTS)

        return bed.cost(len(messages) * len(RECIPIENTS), work)


def append_to_one(bed: Bed) -> Sample:
    """Sixteen clients of one user fill one mailbox."""
    return _append(bed, [READER] * len(WRITERS))


def append_to_many(bed: Bed) -> Sample:
    """Sixteen users fill their own INBOX."""
    return _append(bed, WRITERS)


def _append(bed: Bed, users: list[str] | tuple[str, ...]) -> Sample:
    each = bed.count(25)
    numbers = bed.numbers(each * len(users))
    messages = [letter(number, _APPENDED_OCTETS) for number in numbers]
    with ExitStack() as stack:
        clients = [stack.enter_context(bed.log_in(user)) for user in users]
        pool = stack.enter_context(ThreadPoolExecutor(len(clients)))
        start = threading.Barrier(len(clients))

        def append(client: ImapClient, own: list[bytes]) -> None:
            start.wait()
            for place, message in enumerate(own):
                client.append("INBOX", [message], dates=[internal_date(place)])

        def work() -> None:
            shares = [messages[place :: len(clients)] for place in range(len(clients))]
            for _ in pool.map(append, clients, shares):
                pass

        return bed.cost(len(messages), work)


def hear_of_delivery(bed: Bed) -> Sample:
    """From the last octet of a message that is sent by LMTP until someone in IDLE is told of it; the median."""
    waits = []
    with bed.open("INBOX", WAITER) as client, bed.post() as post:
        client.idle()
        for number in bed.numbers(bed.count(20)):
            post.send_message(letter(number, SMALL_OCTETS), [WAITER])
            started = time.perf_counter()
            post.send(b".\r\n")
            heard = client.receive_line()
            while b" EXISTS" not in heard:
                heard = client.receive_line()
            waits.append((time.perf_counter() - started) * 1000)
            post.receive_replies(1)
        client.end_idle()
    return Sample(statistics.median(waits))
