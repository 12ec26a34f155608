"""Twenty-four clients in two workers do random legal commands, and nothing that any of them is told contradicts itself.

Among them are clients of every manner: with CONDSTORE, QRESYNC, UIDONLY, IMAP4rev2 and COMPRESS, and owners who rename
and delete mailboxes that others have selected. In the end each knows what a new client finds, and no message is lost or
there twice.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random, SystemRandom
from typing import TypeVar

from tests.integration.letters import note
from tests.server.census import Census
from tests.server.clientmodel import Ledger, check
from tests.server.imapwire import ImapWire
from tests.server.managingclient import DYING_NAMES, ROAMING, ROAMING_NAMES, ManagingClient
from tests.server.notifiedclient import NotifiedClient
from tests.server.randomclient import RandomClient
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User
from tests.server.survey import Survey, Surveyed, SurveyingClient
from tests.server.talkingclient import Fate, Known, Mailbox, Manner, merge_transcripts

CLIENTS = 24
MANAGERS = 2
NOTIFIED = 3
SECONDS = float(os.environ.get("STRESS_SECONDS", "20"))
SEED = int(os.environ.get("STRESS_SEED", "0")) or SystemRandom().getrandbits(32)

_RIGHTS = "lrswipkxte"
_DELIVERY_PAUSE_S = 0.03
_MANNERS = [
    Manner(knows, uid_only=uid_only, is_rev2=is_rev2, compresses=compresses, notifies=notifies)
    for knows, uid_only, is_rev2, compresses, notifies in itertools.product(
        ("", "CONDSTORE", "QRESYNC"), (False, False, True), (False, True), (False, True), (False, False, True)
    )
]

Actor = RandomClient | ManagingClient | NotifiedClient
ActorT = TypeVar("ActorT", RandomClient, NotifiedClient, Actor)


class Stress:
    """The clients, each in a thread, and the first contradiction."""

    def __init__(self, clients: Sequence[Actor]) -> None:
        self.clients = clients
        self.failed: Actor | None = None
        self.reason = ""
        self._lock = threading.Lock()

    def run(self, work: Callable[[Actor], None]) -> None:
        """Have all clients do it, and wait for all."""
        threads = [threading.Thread(target=self.guarded, args=(work, client)) for client in self.clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def guarded(self, work: Callable[[ActorT], None], client: ActorT) -> None:
        """Have one do it; of several that fail the first one counts."""
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
            f"client {self.failed.number}, {self.failed.manner}, seed {SEED}: {self.reason}\n"
            f"its transcript:\n{merge_transcripts([self.failed], lines=40)}\n"
            f"of the others in {self.failed.selected}:\n{merge_transcripts(with_it, lines=25)}\n"
            f"all: {file}; the server's log:\n{server.output.text[-4000:]}"
        )


class World:
    """Users, the mailboxes that they share, and what all clients know together."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self.known = Known(Ledger(), Census())
        self.users = [server.add_user(name) for name in ("anna", "bert", "carl")]
        self.mailboxes: dict[str, list[Mailbox]] = {
            user.name: [Mailbox(f"user.{user.name}", "INBOX"), Mailbox("Team", "Shared Folders/Team")]
            for user in self.users
        }
        with server.imap(server.admin) as session:
            session.create("Team")
            session.setacl("Team", "anyone", _RIGHTS)
        owner, second, _ = self.users
        self._share(owner, "Common")
        self._share(second, "Lent")
        for tree, names, fate in (("Roam", ROAMING_NAMES, Fate.ROAMS), ("Dies", DYING_NAMES, Fate.DIES)):
            self._share(owner, tree, is_counted=False)
            self._add(owner, [Mailbox(owner.name, name, fate=fate) for name in names])
        self._make_roaming(owner)
        for mailboxes in self.mailboxes.values():
            for mailbox in mailboxes:
                if mailbox.fate is Fate.STAYS:
                    self.known.census.count(mailbox.key)

    def _share(self, owner: User, name: str, *, is_counted: bool = True) -> None:
        with self._server.imap(owner) as session:
            assert session.create(name)[0] == "OK"
            for user in self.users:
                if user is not owner:
                    session.setacl(name, user.name, _RIGHTS)
        if is_counted:
            self._add(owner, [Mailbox(f"user.{owner.name}.{name}", name)])

    def _add(self, owner: User, mailboxes: list[Mailbox]) -> None:
        for user in self.users:
            prefix = "" if user is owner else f"Other Users/{owner.name}/"
            self.mailboxes[user.name] += [
                Mailbox(mailbox.key, prefix + mailbox.name, fate=mailbox.fate) for mailbox in mailboxes
            ]

    def _make_roaming(self, owner: User) -> None:
        with self._server.imap(owner) as session:
            for name in ROAMING_NAMES[:ROAMING]:
                assert session.create(name)[0] == "OK"
                _, (answer,) = session.status(name, "(UIDVALIDITY)")
                uidvalidity = int(answer.split()[-1].strip(b")"))
                mailbox = Mailbox(owner.name, name, fate=Fate.ROAMS)
                self.known.census.count(mailbox.key_of(uidvalidity), family=mailbox.key)

    def _wire(self) -> ImapWire:
        return ImapWire(LOOPBACK, self._server.port("imap"), timeout_s=WAIT_S)

    def client(self, number: int, manner: Manner) -> RandomClient:
        user = self.users[number % len(self.users)]
        own = Mailbox(f"own.{number}", f"Own-{number}", is_own=True)
        self.known.census.count(own.key)
        with self._server.imap(user) as session:
            assert session.create(own.name)[0] == "OK"
        mailboxes = [*self.mailboxes[user.name], own]
        self.mailboxes[user.name].append(own)
        shared = [mailbox for mailbox in mailboxes if mailbox is own or not mailbox.is_own]
        return RandomClient(self._wire(), user, number, mailboxes=shared, known=self.known, manner=manner)

    def manager(self, number: int) -> ManagingClient:
        user = self.users[0]
        mailboxes = self.mailboxes[user.name]
        return ManagingClient(self._wire(), user, number, mailboxes=mailboxes, known=self.known, manner=Manner())

    def notified(self, number: int) -> NotifiedClient:
        """A client that hears of everything and does nothing."""
        user = self.users[number % len(self.users)]
        manner = Manner(("", "CONDSTORE")[number % 2], compresses=number % 3 == 0)
        mailboxes = self.mailboxes[user.name]
        return NotifiedClient(self._wire(), user, number, mailboxes=mailboxes, known=self.known, manner=manner)

    def survey(self, user: User) -> Survey:
        """What a new client of this user finds."""
        mailboxes = self.mailboxes[user.name]
        client = SurveyingClient(self._wire(), user, -1, mailboxes=mailboxes, known=self.known, manner=Manner())
        try:
            return client.survey()
        finally:
            client.wire.close()


def test_nothing_that_clients_are_told_contradicts_itself(shared_server: RunningServer, tmp_path: Path) -> None:
    server = shared_server
    print(f"STRESS_SEED={SEED}")
    random = Random(SEED)
    world = World(server)
    manners = [*random.sample(_MANNERS, min(CLIENTS, len(_MANNERS)))]
    randoms = [world.client(number, manner) for number, manner in enumerate(manners)]
    first = CLIENTS + MANAGERS
    notified = [world.notified(number) for number in range(first, first + NOTIFIED)]
    clients: list[Actor] = [*randoms, *[world.manager(number) for number in range(CLIENTS, first)], *notified]
    seeds = {client.number: random.getrandbits(32) for client in clients}
    stress = Stress(clients)
    stop_s = time.monotonic() + SECONDS

    def live(client: Actor) -> None:
        client.begin(Random(seeds[client.number]))
        while time.monotonic() < stop_s and stress.failed is None:
            client.step()

    deliveries = threading.Thread(target=keep_delivering, args=(server, world, stress, stop_s))
    deliveries.start()
    stress.run(live)
    deliveries.join()
    if stress.failed is None:
        for client in [*clients[CLIENTS:first], *randoms, *notified]:
            stress.guarded(lambda each: each.settle(), client)
    if stress.failed is None:
        stress.guarded(lambda _: compare(world, randoms, notified, stress), clients[-1])

    for client in clients:
        client.wire.close()
    if stress.failed is not None:
        raise AssertionError(stress.report(server, tmp_path / "transcripts"))
    steps = [client.steps for client in clients]
    print(f"{sum(steps)} commands, {min(steps)} to {max(steps)} a client")
    assert min(steps) > SECONDS
    assert len({line.split("imap[")[1].split("]")[0] for line in server.output.having(" login ", " imap[")}) == 2
    log = server.output.text
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:5000]
    assert not server.output.having(" error ")


def compare(world: World, clients: Sequence[RandomClient], notified: Sequence[NotifiedClient], stress: Stress) -> None:
    """Each client knows what a new one finds, and every message is where it must be."""
    surveys = {user.name: world.survey(user) for user in world.users}
    for client in clients:
        stress.guarded(lambda each: each.compare(surveys[each.user.name].mailboxes), client)
    for listener in notified:
        stress.guarded(lambda each: each.compare(surveys[each.user.name]), listener)
    found: dict[str, Surveyed] = {}
    for survey in surveys.values():
        for key, mailbox in survey.mailboxes.items():
            other = found.setdefault(key, mailbox)
            check(set(other.messages) == set(mailbox.messages), f"{key} has other messages for another user")
    census = world.known.census
    for key in census.keys:
        check(key in found, f"{key} is lost")
        census.compare(key, {uid: each.token for uid, each in found[key].messages.items()}, found[key].uidnext)


def keep_delivering(server: RunningServer, world: World, stress: Stress, stop_s: float) -> None:
    """Mail comes in all the while."""
    number = 0
    with server.lmtp() as client:
        while time.monotonic() < stop_s and stress.failed is None:
            number += 1
            user = world.users[number % len(world.users)].name
            client.sendmail("a@example.org", [user], note(f"mail {number}", f"mail-{number}\r\n"))
            world.known.census.delivered(f"user.{user}")
            time.sleep(_DELIVERY_PAUSE_S)
