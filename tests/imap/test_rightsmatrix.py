"""Every command, asked for by everybody with every right: what RFC 4314 §4 says of it, over the wire.

`MATRIX` holds a line for each command that has to do with a mailbox. For each line, and for each way in which somebody
may come to her rights, the rights are: none, each alone, all, those that are needed, and all but one of these. A
refusal is one line without data; where the mailbox cannot be looked up, it is word for word that for a mailbox that is
not there.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import pytest
from tests.imap.transcript import Connection, log_in, open_services
from tests.operations.logins.plainlogins import ADMINISTRATOR, PlainLogins
from tests.store.world import AUTHOR, World, WorldSources

from angarium.engine.commands import SetQuota
from angarium.engine.rows import QuotaResource
from angarium.imap import commands as c
from angarium.imap.events import AppendBegun, ReplaceBegun
from angarium.imap.handlers.table import HANDLERS
from angarium.imap.services import ImapServices
from angarium.imap.states import CommandType

LETTERS = "lrswipkxtean"
ALL = frozenset(LETTERS)
OWNERS = frozenset("lkxan")
"""What an owner has implicitly."""
ADMINISTRATORS = frozenset("la")
EVERYBODY = "anyone lrswipkxtean alice lrswipkxtean cyrus lrswipkxtean"
SECRET = "News"
"""Stands in each message."""
OPTIONS = "allowanonymouslogin: yes\nannotation_enable_legacy_commands: yes\n"
MESSAGE = "{16+}\r\nSubject: x\r\n\r\nx"


class Relation(Enum):
    """How somebody comes to her rights on a mailbox of alice; the value is what stands in the ACL."""

    OWNER = "alice {rights}"
    OTHER_USER = "bob {rights}"
    GROUP_MEMBER = "group:staff {rights}"
    ANYONE = "anyone {rights}"
    ANONYMOUS = "anonymous {rights}"
    ADMINISTRATOR = "cyrus {rights}"
    DENIED = "bob lrswipkxtean -bob {others}"
    DENIED_AS_MEMBER = "anyone lrswipkxtean -group:staff {others}"
    DENIED_AS_ANYONE = "bob lrswipkxtean -anyone {others}"
    DENIED_ANONYMOUS = "anyone lrswipkxtean -anonymous {others}"

    @property
    def user(self) -> str:
        """Who asks; empty: nobody in particular."""
        match self:
            case Relation.OWNER:
                return "alice"
            case Relation.ADMINISTRATOR:
                return ADMINISTRATOR
            case Relation.ANONYMOUS | Relation.DENIED_ANONYMOUS:
                return ""
            case _:
                return "bob"

    @property
    def prefix(self) -> str:
        """What the mailboxes of alice are called by who asks, quotes aside."""
        return {"alice": "", ADMINISTRATOR: "user/alice/"}.get(self.user, "Other Users/alice/")

    def acl(self, rights: frozenset[str]) -> str:
        """The ACL by which she has these rights."""
        words = self.value.format(rights="".join(sorted(rights)), others="".join(sorted(ALL - rights))).split()
        pairs = zip(words[::2], words[1::2], strict=False)
        return " ".join([f"{identifier} {letters}" for identifier, letters in pairs])


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, with all the rights that she has on the mailbox."""

    rights: frozenset[str]
    is_admin: bool
    is_anonymous: bool
    has_account: bool
    """What is her own is kept in her account: subscriptions, seen state, private annotations."""

    @classmethod
    def of(cls, relation: Relation, given: frozenset[str]) -> "Asker":
        by_being = {Relation.OWNER: OWNERS, Relation.ADMINISTRATOR: ADMINISTRATORS}.get(relation, frozenset())
        is_admin = relation is Relation.ADMINISTRATOR
        return cls(given | by_being, is_admin, not relation.user, bool(relation.user) and not is_admin)

    def has(self, letters: str) -> bool:
        return set(letters) <= self.rights

    def has_any(self, letters: str) -> bool:
        return not self.rights.isdisjoint(letters)


Rule = Callable[[Asker], bool]


class Kind(Enum):
    """How a refusal shows."""

    REFUSED = "NO"
    HIDDEN = "OK, and the mailbox is not shown"


@dataclass(frozen=True, slots=True)
class Line:
    """A command about the mailbox `{target}`; `{free}` is one where everybody may do everything."""

    command: str
    rule: Rule
    letters: str = ""
    """Those that the rule asks for."""
    selected: str = ""
    """What is selected before; the line is left out for who may not."""
    kind: Kind = Kind.REFUSED


def needs(command: str, letters: str, *, selected: str = "") -> Line:
    """All of these rights."""
    return Line(command, lambda asker: asker.has(letters), letters, selected)


def in_selected(command: str, letters: str) -> Line:
    """All of these rights on the selected mailbox."""
    return needs(command, letters, selected="{target}")


def reads_annotations(command: str) -> Line:
    """RFC 5464 §3.3."""
    return Line(command, lambda asker: asker.is_admin or (asker.has("l") and asker.has_any("rswip")), "lr")


def annotates(command: str) -> Line:
    """What all share is for those who may write, which RFC 5464 §3.3 leaves to the server."""
    return Line(command, lambda asker: asker.is_admin or asker.has("lw"), "lw")


def always(_: Asker) -> bool:
    return True


def never(_: Asker) -> bool:
    return False


def shows(command: str, rule: Rule | None = None) -> Line:
    """A list, which is never refused."""
    return Line(command, rule or (lambda asker: asker.has("l")), "l", kind=Kind.HIDDEN)


def free(command: str) -> Line:
    """Nothing but to have selected it (RFC 4314 §4: the right `r` is implied)."""
    return Line(command, always, selected="{target}")


def administrators(command: str) -> Line:
    """Administrators alone, whatever rights somebody has."""
    return Line(command, lambda asker: asker.is_admin)


MATRIX: dict[CommandType, tuple[Line, ...]] = {
    c.Select: (needs("SELECT {target}", "r"),),
    c.Examine: (needs("EXAMINE {target}", "r"),),
    c.Status: (needs("STATUS {target} (MESSAGES UNSEEN)", "r"),),
    c.List: (shows('LIST "" {target}'),),
    c.Lsub: (shows('LSUB "" {target}', never),),
    c.XList: (shows('XLIST "" {target}'),),
    c.RList: (shows('RLIST "" {target}'),),
    c.RLsub: (shows('RLSUB "" {target}', never),),
    c.Subscribe: (Line("SUBSCRIBE {target}", lambda asker: asker.has("l") and asker.has_account, "l"),),
    c.Unsubscribe: (Line("UNSUBSCRIBE {target}", always),),
    c.Create: (Line("CREATE {target}/new", lambda asker: asker.is_admin or asker.has("k"), "k"),),
    c.Delete: (needs("DELETE {target}", "x"),),
    c.Rename: (
        Line("RENAME {target} {free}/new", lambda asker: asker.is_admin or asker.has("x"), "x"),
        Line("RENAME {movable} {target}/new", lambda asker: asker.is_admin or asker.has("k"), "k"),
    ),
    c.GetAcl: (needs("GETACL {target}", "la"),),
    c.SetAcl: (needs("SETACL {target} carol lr", "la"), needs("SETACL {target} carol +w", "la")),
    c.DeleteAcl: (needs("DELETEACL {target} carol", "la"),),
    c.ListRights: (needs("LISTRIGHTS {target} carol", "la"),),
    c.MyRights: (Line("MYRIGHTS {target}", lambda asker: asker.has_any("lrikxa"), "l"),),
    c.GetQuota: (administrators("GETQUOTA user/alice"),),
    c.GetQuotaRoot: (
        Line(
            "GETQUOTAROOT {target}",
            lambda asker: asker.is_admin or (asker.has("r") and not asker.is_anonymous),
            "r",
        ),
    ),
    c.SetQuota: (administrators("SETQUOTA user/alice (STORAGE 100)"), administrators("SETQUOTA {target} ()")),
    c.GetMetadata: (reads_annotations("GETMETADATA {target} /shared/comment"),),
    c.SetMetadata: (annotates("SETMETADATA {target} (/shared/comment NIL)"),),
    c.GetAnnotation: (reads_annotations('GETANNOTATION {target} "/comment" "value.shared"'),),
    c.SetAnnotation: (annotates('SETANNOTATION {target} "/comment" ("value.shared" NIL)'),),
    AppendBegun: (needs(f"APPEND {{target}} {MESSAGE}", "i"),),
    ReplaceBegun: (
        needs(f"REPLACE 1 {{target}} {MESSAGE}", "i", selected="{free}"),
        in_selected(f"REPLACE 1 {{free}} {MESSAGE}", "rte"),
    ),
    c.Check: (free("CHECK"),),
    c.Close: (free("CLOSE"),),
    c.Unselect: (free("UNSELECT"),),
    c.Fetch: (free("FETCH 1 (FLAGS BODY[])"), free("UID FETCH 1:* FLAGS")),
    c.Search: (free("SEARCH ALL"),),
    c.Sort: (free("SORT (DATE) UTF-8 ALL"),),
    c.Thread: (free("THREAD ORDEREDSUBJECT UTF-8 ALL"),),
    c.Store: (
        in_selected("STORE 1 +FLAGS (\\Flagged)", "rw"),
        in_selected("STORE 1 -FLAGS (mine)", "rw"),
        in_selected("STORE 1 +FLAGS (\\Deleted)", "rt"),
        Line(
            "UID STORE 1 +FLAGS.SILENT (\\Seen)",
            lambda asker: asker.has("rs") and asker.has_account,
            "rs",
            "{target}",
        ),
    ),
    c.StoreAnnotation: (in_selected('STORE 1 ANNOTATION (/comment (value.shared "x"))', "rn"),),
    c.Expunge: (in_selected("EXPUNGE", "re"), in_selected("UID EXPUNGE 1", "re")),
    c.ESearch: (
        shows("ESEARCH IN (mailboxes {target}) ALL", lambda asker: asker.has("r")),
        shows("ESEARCH IN (subtree {target}) RETURN (COUNT) ALL", lambda asker: asker.has("lr")),
        shows("ESEARCH IN (subtree-one {target} subscribed personal) ALL", lambda asker: asker.has("lr")),
    ),
    c.NotifySet: (
        # With `l` alone it is told as \NoAccess (RFC 5465 §3.1).
        shows("NOTIFY SET STATUS (mailboxes {target} (MessageNew MessageExpunge))", lambda asker: asker.has("l")),
    ),
    c.Copy: (needs("COPY 1 {target}", "i", selected="{free}"), in_selected("COPY 1 {free}", "r")),
    c.Move: (needs("MOVE 1 {target}", "i", selected="{free}"), in_selected("UID MOVE 1 {free}", "rte")),
}
"""What RFC 4314 §4 asks for, and with it RFC 9208 §6, RFC 5464 §3.3, RFC 5257 §4.10, RFC 6851 §4.2, RFC 8508 §4.1 and
RFC 7377 §2.2."""

NO_MAILBOX: frozenset[CommandType] = frozenset(
    {
        c.Capability,
        c.Noop,
        c.Logout,
        c.Id,
        c.Enable,
        c.Namespace,
        c.Idle,
        c.StartTls,
        c.Login,
        c.Authenticate,
        c.Unauthenticate,
        c.Compress,
        c.Comparator,
        c.Language,
        c.CancelUpdate,
        c.NotifyNone,
    }
)
"""Commands that name no mailbox, so nobody's right is asked."""

EXECUTED: frozenset[CommandType] = frozenset({*HANDLERS, AppendBegun})


def test_every_command_has_its_line() -> None:
    assert {*MATRIX, *NO_MAILBOX} >= EXECUTED, "say in MATRIX which right the command needs"


# The sessions


@dataclass(slots=True)
class Place:
    """A store with mailboxes of alice, and the connection of somebody who asks."""

    world: World
    relation: Relation
    connection: Connection
    made: int = 0
    kept: dict[str, str] = field(default_factory=dict)
    """Mailboxes of which the last line changed nothing, by the name in MATRIX."""

    async def mailbox(self, name: str, acl: str) -> str:
        """A mailbox of alice with a message, under this ACL; gives what it is called on the wire."""
        if name in self.kept:
            await self.world.set_acl(f"user.alice.{self.kept[name]}", acl)
        else:
            self.made += 1
            self.kept[name] = f"m{self.made}"
            internal = f"user.alice.{self.kept[name]}"
            await self.world.create(internal, acl)
            await self.world.add(internal, ["mine"])
        return f"{self.relation.prefix}{self.kept[name]}"


@asynccontextmanager
async def open_place(relation: Relation, directory: Path) -> AsyncIterator[Place]:
    """A store, in which bob is of the staff."""
    async with open_services("memory", directory, OPTIONS) as services:
        assert isinstance(services.logins, PlainLogins)
        assert isinstance(services.store.sources, WorldSources)
        services.logins.groups["bob"] = frozenset({"staff"})
        world = World(services.store, services.store.sources)
        await world.do("user.alice", SetQuota("", {QuotaResource.STORAGE: 100}, AUTHOR))
        connection = await log_in_as(services, relation.user)
        yield Place(world, relation, connection)
        await connection.close()


async def log_in_as(services: ImapServices, user: str) -> Connection:
    """A connection of a user, or of nobody in particular."""
    if user:
        return await log_in(services, user)
    connection = Connection(services, "anonymous", is_tls=False, by_octet=False)
    trace = base64.b64encode(b"somebody").decode()
    (*_, answer) = await connection.ask(f"a AUTHENTICATE ANONYMOUS {trace}")
    assert answer.startswith("a OK ")
    return connection


def grants(line: Line) -> Iterable[frozenset[str]]:
    """The rights with which a line is tried; to select a mailbox `r` is needed beside each."""
    needed = frozenset(line.letters)
    implied = frozenset("r" if line.selected == "{target}" else "")
    singles = [implied | {letter} for letter in LETTERS]
    all_but_one = [ALL - {letter} for letter in sorted(needed)]
    return dict.fromkeys([frozenset(), *singles, ALL, needed, *all_but_one])


async def ask(place: Place, line: Line, names: dict[str, str]) -> list[str]:
    """Send a line; gives the answer with the target's name evened out."""
    command = line.command
    for key, name in names.items():
        command = command.replace(f"{{{key}}}/new", f'"{name}/new"').replace(f"{{{key}}}", f'"{name}"')
    return [answer.replace(names["target"], "TARGET") for answer in await place.connection.ask(f"t {command}")]


async def try_line(place: Place, line: Line, given: frozenset[str]) -> None:
    """Compare what comes with what the rule says."""
    asker = Asker.of(place.relation, given)
    names = {"target": await place.mailbox("target", place.relation.acl(given))}
    for other in ("free", "movable"):
        if f"{{{other}}}" in line.command + line.selected:
            names[other] = await place.mailbox(other, EVERYBODY)
    if line.selected:
        *_, answer = await place.connection.ask(f's SELECT "{names[line.selected[1:-1]]}"')
        if line.selected == "{target}" and not asker.has("r"):
            assert answer.startswith("s NO "), (given, answer)
            return
        assert answer.startswith("s OK "), (given, answer)
    answers = await ask(place, line, names)
    if line.kind is Kind.HIDDEN:
        assert answers[-1].startswith("t OK "), (given, answers)
        assert any("TARGET" in answer for answer in answers) == line.rule(asker), (given, answers)
    elif line.rule(asker):
        assert answers[-1].startswith("t OK"), (given, answers)
        place.kept.clear()
    else:
        assert [answer[:5] for answer in answers if not answer.startswith("* OK [CLOSED]")] == ["t NO "], (
            given,
            answers,
        )
        assert SECRET not in answers[-1]
        if not asker.has("l"):
            missing = await ask(place, line, {**names, "target": f"{place.relation.prefix}missing"})
            assert missing[-1] == answers[-1], given


CASES = [
    pytest.param(line, relation, id=f"{line.command.partition(chr(13))[0]}-{relation.name.lower()}")
    for command, lines in MATRIX.items()
    if command in EXECUTED
    for line in lines
    for relation in Relation
]


@pytest.mark.parametrize(("line", "relation"), CASES)
def test_rights_decide(line: Line, relation: Relation, tmp_path: Path) -> None:
    async def run() -> None:
        async with open_place(relation, tmp_path) as place:
            for given in grants(line):
                await try_line(place, line, given)

    asyncio.run(run())
