"""What an administrator sees of the queue, and does with it; beside a running server or without one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from angarium.engine.delivery import MAIL_TO_SEND, DispatchRow, PostponeDispatch, RemoveDispatch
from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, WorkRow
from angarium.engine.sources import Sources
from angarium.errors import AccountNotFound, MessageNotFound
from angarium.operations.outgoing.runner import AUTHOR, RETRY


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A mail that waits."""

    account: AccountId
    account_name: str
    row: DispatchRow


async def queued_mail(engine: Engine, account_name: str | None = None) -> AsyncIterator[QueuedMail]:
    """The mail of all accounts, or of one, by account and number. AccountNotFound for one that is not there."""
    if account_name is not None:
        accounts = [await _account(engine, account_name)]
    else:
        accounts = await engine.accounts_with_mail()
    for account in accounts:
        try:
            name = await engine.account_name(account)
            rows = await engine.dispatches(account)
        except AccountNotFound:
            continue
        for row in rows:
            yield QueuedMail(account, name, row)


async def retry_mail(engine: Engine, mail: QueuedMail, sources: Sources) -> None:
    """Have it tried now, by whoever looks after the queue."""
    now_s = sources.now_s()
    row = mail.row
    await engine.note_work(WorkRow(mail.account, MAIL_TO_SEND, RETRY, now_s))
    await engine.write(mail.account, PostponeDispatch(row.number, row.recipients, now_s, row.last_error, counts=False))


async def drop_mail(engine: Engine, mail: QueuedMail) -> None:
    """Take it out of the queue; nobody is told."""
    await engine.write(mail.account, RemoveDispatch(mail.row.number, AUTHOR))


async def find_mail(engine: Engine, account_name: str, number: int) -> QueuedMail:
    """MessageNotFound where there is none of this number; AccountNotFound."""
    account = await _account(engine, account_name)
    row = await engine.dispatch(account, number)
    if row is None:
        raise MessageNotFound(f"{account_name} has no mail {number} in the queue")
    return QueuedMail(account, account_name, row)


async def _account(engine: Engine, account_name: str) -> AccountId:
    account = await engine.account_id(account_name)
    if account is None:
        raise AccountNotFound(f"there is no account {account_name}")
    return account
