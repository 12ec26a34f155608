"""Twenty clients in two workers do random legal commands, and nothing that any of them is told contradicts itself."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

from tests.integration.letters import note
from tests.server.clientmodel import Ledger
from tests.server.imapwire import ImapWire
from tests.server.randomclient import Mailbox, RandomClient, merge_transcripts
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User

CLIENTS = 20
SECONDS = float(os.environ.get("STRESS_SECONDS", "20"))
SEED = int(os.environ.get("STRESS_SEED", "0")) or SystemRandom().getrandbits(32)

_RIGHTS = "lrswipkxte"
_DELIVERY_PAUSE_S = 0.03


class Stress:
    """The clients, each in a thread, and the first contradiction."""

    def __init__(self, clients: list[RandomClient]) -> None:
        self.clients = clients
        self.failed: RandomClient | None = None
        self.reason = ""
        self._lock = threading.Lock()

    def run(self, work: Callable[[RandomClient], None]) -> None:
        """Have all clients do it, and wait for all."""
        threads = [threading.Thread(target=self._guarded, args=(work, client)) for client in self.clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _guarded(self, work: Callable[[RandomClient], None], client: RandomClient) -> None:
        try:
            work(client)
        except Exception as error:  # noqa: BLE001 - the report tells it, with the transcripts
            with self._lock:
                if self.failed is None:
                    self.failed, self.reason = client, f"{type(error).__name__}: {error}"

    def report(self, server: RunningServer, file: Path) -> str:
        """What failed, with the transcripts of that client and of those with the same mailbox."""
        assert self.failed is not None
        file.write_text(f"{self.reason}\n{merge_transcripts(self.clients, lines=10_000)}\n{server.output.text}\n")
        with_it = [each for each in self.clients if each.selected == self.failed.selected and each is not self.failed]
        return (
            f"client {self.failed.number}, seed {SEED}: {self.reason}\n"
            f"its transcript:\n{merge_transcripts([self.failed], lines=40)}\n"
            f"of the others in {self.failed.selected}:\n{merge_transcripts(with_it, lines=25)}\n"
            f"all: {file}; the server's log:\n{server.output.text[-4000:]}"
        )


def mailboxes_of(users: list[User], server: RunningServer) -> dict[str, list[Mailbox]]:
    """Make private and shared mailboxes; gives those of each user."""
    with server.imap(server.admin) as client:
        client.create("Team")
        client.setacl("Team", "anyone", _RIGHTS)
    owner = users[0].name
    with server.imap(users[0]) as client:
        client.create("Common")
        for user in users[1:]:
            client.setacl("Common", user.name, _RIGHTS)
    return {
        user.name: [
            Mailbox(f"user.{user.name}", "INBOX"),
            Mailbox("Team", "Shared Folders/Team"),
            Mailbox(f"user.{owner}.Common", "Common" if user.name == owner else f"Other Users/{owner}/Common"),
        ]
        for user in users
    }


def test_nothing_that_clients_are_told_contradicts_itself(shared_server: RunningServer, tmp_path: Path) -> None:
    server = shared_server
    print(f"STRESS_SEED={SEED}")
    random = Random(SEED)
    users = [server.add_user(name) for name in ("anna", "bert", "carl")]
    mailboxes = mailboxes_of(users, server)
    ledger = Ledger()
    clients = []
    for number in range(CLIENTS):
        user = users[number % len(users)]
        own = Mailbox(f"own.{number}", f"Own-{number}", is_own=True)
        with server.imap(user) as session:
            assert session.create(own.name)[0] == "OK"
        wire = ImapWire(LOOPBACK, server.port("imap"), timeout_s=WAIT_S)
        clients.append(RandomClient(wire, user, number, mailboxes=[*mailboxes[user.name], own], ledger=ledger))
    seeds = {client.number: random.getrandbits(32) for client in clients}
    stress = Stress(clients)
    stop_s = time.monotonic() + SECONDS

    def live(client: RandomClient) -> None:
        client.begin(Random(seeds[client.number]))
        while time.monotonic() < stop_s and stress.failed is None:
            client.step()

    deliveries = threading.Thread(target=keep_delivering, args=(server, users, stop_s))
    deliveries.start()
    stress.run(live)
    deliveries.join()
    if stress.failed is None:
        stress.run(RandomClient.settle)

    for client in clients:
        client.wire.close()
    if stress.failed is not None:
        raise AssertionError(stress.report(server, tmp_path / "transcripts"))
    steps = [client.steps for client in clients]
    print(f"{sum(steps)} commands, {min(steps)} to {max(steps)} a client")
    assert min(steps) > SECONDS
    assert len({line.split("imap[")[1].split("]")[0] for line in server.output.having(" login ", " imap[")}) == 2
    assert not server.output.having("Traceback")
    assert not server.output.having(" error ")


def keep_delivering(server: RunningServer, users: list[User], stop_s: float) -> None:
    """Mail comes in all the while."""
    number = 0
    with server.lmtp() as client:
        while time.monotonic() < stop_s:
            number += 1
            client.sendmail("a@example.org", [users[number % len(users)].name], note(f"mail {number}", "delivered\r\n"))
            time.sleep(_DELIVERY_PAUSE_S)
