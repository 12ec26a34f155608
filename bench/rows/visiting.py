"""Coming and going, and looking around."""

from bench.bed import LISTER, READER, Bed, Sample, expect


def log_in_and_out(bed: Bed) -> Sample:
    """Connection, LOGIN, LOGOUT, one after another."""
    count = bed.count(200)

    def work() -> None:
        for _ in range(count):
            with bed.log_in(READER) as client:
                client.logout()

    return bed.cost(count, work)


def list_mailboxes(bed: Bed) -> Sample:
    """All mailboxes of a user who has 2,000 beside INBOX."""
    names, passes = bed.many_mailboxes(), 10
    with bed.log_in(LISTER) as client:
        found = client.command('LIST "" *').count(b"* LIST ")
        expect(found, len(names) + 1, f"{bed.server.name}: mailboxes listed")

        def work() -> None:
            for _ in range(passes):
                client.command('LIST "" *')

        return bed.cost(passes, work)


def ask_for_status(bed: Bed) -> Sample:
    """STATUS of each of 2,000 mailboxes, sent together in hundreds as clients do."""
    names = bed.many_mailboxes()
    with bed.log_in(LISTER) as client:

        def work() -> None:
            for first in range(0, len(names), 100):
                client.commands(f"STATUS {name} (MESSAGES UIDNEXT UNSEEN)" for name in names[first : first + 100])

        return bed.cost(len(names), work)
