"""What the actions of `angarium user` have in common."""

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from angarium.auth import canonical_userid
from angarium.cli.location import add_location_arguments
from angarium.cli.openstore import OpenedStore
from angarium.errors import UserNotFound
from angarium.names import MailboxName, UserId

Asked = str
"""A password, a code, or the text of a file: what is read before the store is opened, since a person takes her time,
and a file may be root's."""


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    """For actions without arguments of their own."""


def _ask_nothing(_arguments: argparse.Namespace) -> Asked:
    return ""


@dataclass(frozen=True, slots=True)
class UserAction:
    """One action."""

    summary: str
    work: Callable[[argparse.Namespace, OpenedStore, Asked], Awaitable[int]]
    """Gives the exit status."""
    add_arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments
    ask: Callable[[argparse.Namespace], Asked] = _ask_nothing
    has_user: bool = True
    """Whether it is about one user, whose name is an argument."""


def add_action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, action: UserAction
) -> argparse.ArgumentParser:
    """Give the command line an action."""
    summary = action.summary
    parser = actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    add_location_arguments(parser)
    if action.has_user:
        parser.add_argument("user", metavar="USER", help="the user, as she logs in")
    action.add_arguments(parser)
    parser.set_defaults(user_action=action)
    return parser


def add_actions(parser: argparse.ArgumentParser, actions: dict[str, UserAction]) -> None:
    """An action that has several of its own."""
    subparsers = parser.add_subparsers(metavar="ACTION", required=True)
    for name, action in actions.items():
        add_action(subparsers, name, action)


def userid_of(arguments: argparse.Namespace, opened: OpenedStore) -> UserId:
    """The user whom the command is about; UserNameInvalid, PreparationFailed."""
    return canonical_userid(arguments.user, opened.store.policy.names)


async def known_userid(arguments: argparse.Namespace, opened: OpenedStore) -> UserId:
    """As `userid_of`. UserNotFound for somebody who has neither a credential nor mail, and has never logged in: it is a
    mistyped name, or her first login is still to come."""
    userid = userid_of(arguments, opened)
    engine = opened.engine
    if (
        await engine.credential(str(userid)) is None
        and await opened.store.tree_of(MailboxName.of_user(userid)) is None
        and not await engine.logins(str(userid))
    ):
        raise UserNotFound(f"there is no user {str(userid)!r}")
    return userid


def local_time(time_s: int | None) -> str:
    """ISO 8601 in the machine's zone; empty for none."""
    return "" if time_s is None else datetime.fromtimestamp(time_s).astimezone().isoformat(timespec="seconds")


def print_fields(*fields: str) -> None:
    """A line with tabs between the fields and `-` for an empty one, so that scripts can cut them; what clients say of
    themselves may hold anything."""
    shown = ["".join([letter if letter.isprintable() else "?" for letter in field]) for field in fields]
    print("\t".join([field or "-" for field in shown]))
