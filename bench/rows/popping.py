"""What clients do that fetch their mail."""

from bench.bed import Bed, Sample, expect


def retrieve(bed: Bed) -> Sample:
    """RETR of letters of 70 KB, one after another."""
    passes = 5
    with bed.fetch_mail(bed.large_maildrop()) as client:
        count = int(client.command("STAT").split()[1])
        expect(count, bed.count(200), f"{bed.server.name}: messages of the maildrop")

        def work() -> None:
            for _ in range(passes):
                for number in range(1, count + 1):
                    client.command(f"RETR {number}", lines=True)

        return bed.cost(count * passes, work)


def open_maildrop(bed: Bed) -> Sample:
    """Connection, login, STAT, QUIT, where nothing has changed since the last time."""
    user, count = bed.full_maildrop(), bed.count(200)
    with bed.fetch_mail(user) as client:
        expect(int(client.command("STAT").split()[1]), bed.count(100_000), f"{bed.server.name}: messages")

    def work() -> None:
        for _ in range(count):
            with bed.fetch_mail(user) as client:
                client.command("STAT")
                client.quit()

    return bed.cost(count, work)


def list_maildrop(bed: Bed) -> Sample:
    """LIST and UIDL of all."""
    passes = 5
    with bed.fetch_mail(bed.full_maildrop()) as client:

        def work() -> None:
            for _ in range(passes):
                client.command("LIST", lines=True)
                client.command("UIDL", lines=True)

        return bed.cost(bed.count(100_000) * passes, work)
