"""The engine of a store with `readonly`."""
# ruff: noqa: ARG002 - what is refused looks at no argument

from collections.abc import Mapping, Sequence
from typing import NoReturn

from angarium.engine.commands import Command, Result
from angarium.engine.delivery import MAIL_TO_SEND
from angarium.engine.moves import MoveMailboxes
from angarium.engine.rows import AccountId, WorkRow
from angarium.engine.sqlite import SqliteEngine
from angarium.engine.users import LoginRow, UserChange
from angarium.errors import StoreReadOnly


class ReadOnlyEngine(SqliteEngine):
    """A `SqliteEngine` whose promised writes are refused with StoreReadOnly, and advisory ones forgotten. Files are
    still folded and copied by `checkpoint`, which changes nothing that they say."""

    async def write(self, account: AccountId, command: Command) -> Result:
        raise _read_only()

    async def write_batch(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        return [_read_only() for _ in commands]

    async def move_mailboxes(self, command: MoveMailboxes) -> NoReturn:
        raise _read_only()

    async def begin_to_resume(self) -> None:
        """What was stopped waits for a server that writes."""

    async def resume_moves(self) -> None:
        """As `begin_to_resume`."""

    async def sweep_queues(self) -> None:
        """As `begin_to_resume`."""

    async def note_mail_again(self, account: AccountId) -> None:
        """As `begin_to_resume`."""

    def advise(self, account: AccountId, command: Command) -> None:
        """Nothing is kept."""

    def stage(self, partition: str) -> NoReturn:
        raise _read_only()

    async def create_account(self, name: str) -> AccountId:
        raise _read_only()

    async def rename_account(self, account: AccountId, name: str) -> None:
        raise _read_only()

    async def forget_account(self, account: AccountId) -> None:
        raise _read_only()

    async def recreate_account(self, account: AccountId, name: str) -> str | None:
        raise _read_only()

    async def set_server_annotations(self, values: Mapping[str, bytes | None]) -> None:
        raise _read_only()

    async def accounts_with_mail(self) -> list[AccountId]:
        """All that are noted: which notes stand for nothing is found out by who may remove them."""
        return list(dict.fromkeys([row.account for _, row in await self.work() if row.kind == MAIL_TO_SEND]))

    async def put_site_script(self, name: str, content: bytes) -> None:
        raise _read_only()

    async def remove_site_script(self, name: str) -> None:
        raise _read_only()

    async def remove_credential(self, userid: str) -> None:
        raise _read_only()

    async def change_user(self, change: UserChange) -> bool:
        raise _read_only()

    def note_login(self, login: LoginRow) -> None:
        """Nothing is kept."""

    async def note_work(self, work_row: WorkRow) -> int:
        raise _read_only()

    async def work_done(self, number: int) -> None:
        raise _read_only()


def _read_only() -> StoreReadOnly:
    return StoreReadOnly("the store takes no writes: readonly is set")
