"""Delivery: one message to many recipients, each of whom has an outcome of her own.

What a recipient's script wants becomes one write of her account, with the marks by which a delivery that is tried again
is known (`engine.delivery`); where it files into mailboxes of others, those are written first, each with a mark of its
own. So a crash at any moment leaves a delivery that can be repeated: nothing is lost, and nothing is doubled.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from angarium import sieve
from angarium.engine.commands import QuotaPolicy
from angarium.engine.delivery import Deliver, Deposit
from angarium.engine.delivery import Delivered as Written
from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.errors import (
    AclChanged,
    AngariumError,
    DeliveryRefused,
    KeywordLimitExceeded,
    MailboxNotFound,
    MarksChanged,
    PermanentError,
)
from angarium.flags import Flags
from angarium.operations.delivery.context import Delivered, DeliveryContext, Filed, Letter, Outcome
from angarium.operations.delivery.copies import Copies
from angarium.operations.delivery.duplicates import delivered_mark, id_for_duplicates
from angarium.operations.delivery.inwords import in_words
from angarium.operations.delivery.newmessage import marked_as_infected, new_message
from angarium.operations.delivery.plan import Plan, Planner
from angarium.operations.delivery.running import Run, kept_instead, owner_of, run_script
from angarium.operations.delivery.scriptof import active_script_of
from angarium.operations.hooks import QUARANTINE_KEYWORD, Screened
from angarium.operations.messages import DeliveryTarget, resolve_recipient
from angarium.operations.messages.slices import let_others_run
from angarium.sieve import Script, ScriptInvalid

log = logging.getLogger(__name__)

_ATTEMPTS: Final = 5
_STARTED_AT_ONCE: Final = 8
"""Accounts, in one turn of the loop: what one of them does there takes up to half a millisecond."""


async def deliver(context: DeliveryContext, letter: Letter, targets: Sequence[DeliveryTarget]) -> list[Outcome]:
    """Deliver to each target as its recipient wants it; one outcome for each target, in order.

    What was delivered is durable on return, and so is mail to be sent. A refusal stands in the place of its recipient
    and concerns nobody else; DeliveryRefused is that of her script. Targets that are one mailbox get one message.
    """
    screened = await _screened(context, letter)
    if screened.is_discarded:
        return [Delivered(())] * len(targets)
    by_account: dict[AccountId, list[int]] = {}
    for place, target in enumerate(targets):
        by_account.setdefault(target.account, []).append(place)
    async with Copies(context.store, letter.message, context.limits) as copies:
        delivery = _Delivery(context, letter, copies, virus=screened.virus)
        groups = list(by_account.values())
        answers = await delivery.to_accounts([[targets[place] for place in group] for group in groups])
    outcomes: list[Outcome | None] = [None] * len(targets)
    for group, answer in zip(groups, answers, strict=True):
        if isinstance(answer, Exception):
            log.error("delivery_failed", exc_info=answer)
            answer = [answer] * len(group)
        elif isinstance(answer, BaseException):
            raise answer
        for place, outcome in zip(group, answer, strict=True):
            outcomes[place] = outcome
    return [outcome for outcome in outcomes if outcome is not None]


async def _screened(context: DeliveryContext, letter: Letter) -> Screened:
    """DeliveryRefused, ScannerUnavailable."""
    source = letter.message.source
    if context.scanner is None or not context.scanner.is_on or source is None:
        return Screened()
    file = next(iter(letter.message.files.values()))
    return await context.scanner.screen(source.view, path=file.path, session=letter.sender.session)


class _Delivery:
    """What is the same for all recipients of one message."""

    def __init__(self, context: DeliveryContext, letter: Letter, copies: Copies, *, virus: str) -> None:
        self._context = context
        self._letter = letter
        self._copies = copies
        self._author = letter.sender.author()
        self._id = id_for_duplicates(letter.message)
        self._is_quarantined = bool(virus)
        self._edition = marked_as_infected(letter.message, virus) if virus else None

    async def to_accounts(self, groups: Sequence[list[DeliveryTarget]]) -> list[list[Outcome] | BaseException]:
        """All have ended before this returns, whatever one of them met: the staged files go after it."""
        if len(groups) == 1:
            try:
                return [await self.to_account(groups[0])]  # most mail is for one, and needs no other task
            except Exception as error:  # noqa: BLE001 - one of several would be gathered
                return [error]
        tasks: list[asyncio.Task[list[Outcome]]] = []
        try:
            for targets in groups:
                if tasks and len(tasks) % _STARTED_AT_ONCE == 0:
                    await let_others_run()
                tasks.append(asyncio.ensure_future(self.to_account(targets)))
        finally:
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        return answers

    async def to_account(self, targets: list[DeliveryTarget]) -> list[Outcome]:
        """The recipients of one account: those without a script as one batch, then the others, one after another."""
        outcomes: dict[int, Outcome] = {}
        plain: dict[int, DeliveryTarget] = {}
        scripted: dict[int, tuple[DeliveryTarget, ScriptRow]] = {}
        for place, target in enumerate(targets):
            # In quarantine a message is for the user to look at, and for no script.
            row = None if self._is_quarantined else await active_script_of(self._context, target)
            if row is None:
                plain[place] = target
            else:
                scripted[place] = (target, row)
        outcomes.update(await self._as_batch(plain))
        for place, (target, row) in scripted.items():
            try:
                outcomes[place] = await self._by_script(target, row)
            except Exception as error:  # what the account's others got is told all the same
                log.error("delivery_failed", exc_info=error)
                outcomes[place] = error
        return [outcomes[place] for place in range(len(targets))]

    # Without a script

    async def _as_batch(self, targets: dict[int, DeliveryTarget]) -> dict[int, Outcome]:
        """Targets that are one mailbox are one write."""
        unique = {target.mailbox: target for target in targets.values()}
        if not unique:
            return {}
        commands = [await self._deposit(target) for target in unique.values()]
        account = next(iter(unique.values())).account
        try:
            results: list[object] = [*await self._context.store.engine.write_batch(account, commands)]
        except AngariumError as refusal:
            results = [refusal] * len(commands)
        outcomes: dict[str, Outcome] = {}
        for target, result in zip(unique.values(), results, strict=True):
            match result:
                case Written(uids=uids):
                    outcomes[target.mailbox] = Delivered((Filed(target.name, uids[0]),))
                case AclChanged() | MailboxNotFound() | KeywordLimitExceeded():
                    outcomes[target.mailbox] = await self._again(target)
                case Exception():
                    outcomes[target.mailbox] = result
        return {place: outcomes[target.mailbox] for place, target in targets.items()}

    async def _deposit(self, target: DeliveryTarget) -> Deliver:
        copy = await self._copies.get(target.partition, self._edition)
        flags = target.flags
        if self._is_quarantined:
            flags = Flags(flags.system, (*flags.keywords, QUARANTINE_KEYWORD))
        message = await new_message(self._context, self._letter, target.account, copy, flags)
        mark = await delivered_mark(self._context, self._id, target, target.account, target.mailbox)
        deposit = Deposit(target.mailbox, message, target.acl_version, target.quota, mark)
        return Deliver(self._author, (deposit,))

    async def _again(self, target: DeliveryTarget) -> Outcome:
        """The right to post, or the mailbox, was lost or moved since RCPT: the INBOX may be what is left. Or it has no
        room for the keywords."""
        refusal: AngariumError | None = None
        for _ in range(_ATTEMPTS):
            try:
                fresh = await self._resolved(target)
                command = await self._deposit(fresh)
                written = await self._write_one(fresh.account, command)
            except (AclChanged, MailboxNotFound) as changed:
                refusal = changed
                continue
            except AngariumError as error:
                return error
            return Delivered((Filed(fresh.name, written.uids[0]),))
        assert refusal is not None
        return refusal

    async def _resolved(self, target: DeliveryTarget) -> DeliveryTarget:
        fresh = await resolve_recipient(
            self._context.store,
            self._context.settings.lmtp,
            self._letter.sender,
            target.recipient,
            ignore_quota=target.quota is QuotaPolicy.IGNORE,
            is_exact=target.is_exact,
        )
        return replace(fresh, flags=target.flags, suppress_duplicates=target.suppress_duplicates)

    # By a script

    async def _by_script(self, target: DeliveryTarget, row: ScriptRow) -> Outcome:
        refusal: AngariumError | None = None
        for _ in range(_ATTEMPTS):
            try:
                script = await self._context.scripts.get(target.account, row)
                return await self._run(target, script)
            except (MarksChanged, AclChanged, MailboxNotFound) as changed:
                refusal = changed
            except AngariumError as error:
                return error
            try:
                target = await self._resolved(target)
            except AngariumError as error:
                return error
        assert refusal is not None
        return refusal

    async def _run(self, target: DeliveryTarget, script: Script | ScriptInvalid) -> Delivered:
        """DeliveryRefused where the script refuses the mail; what stops the delivery."""
        owner = await owner_of(self._context, target, self._letter.sender.session)
        run = await run_script(self._context, self._letter, target, script, owner)
        try:
            return await self._carry_out(target, run)
        except (DeliveryRefused, MailboxNotFound):
            raise
        except PermanentError as refusal:
            # RFC 5228 §2.10.6. A full mailbox, or one on a partition that is no more, is no reason to send the mail
            # back that her INBOX has room for.
            log.info("script_refused", extra={"session": self._letter.sender.session, "reason": str(refusal)})
            try:
                return await self._carry_out(target, kept_instead(run, in_words(refusal)))
            except PermanentError:
                raise refusal from None

    async def _carry_out(self, target: DeliveryTarget, run: Run) -> Delivered:
        plan = await Planner(self._context, self._letter, target, run, self._copies).plan()
        delivered = await self._write(target, plan)
        self._tell(target, run.outcome, plan)
        if plan.refusal is not None:
            raise plan.refusal
        return delivered

    async def _write(self, target: DeliveryTarget, plan: Plan) -> Delivered:
        """Others' mailboxes first: where this stops in between, the next attempt finds what was filed there."""
        filed: list[Filed] = []
        sent: tuple[bool, ...] = ()
        for account in [*plan.others(target.account), target.account]:
            command = plan.command(account, target.account, self._author)
            if command is None:
                continue
            written = await self._write_one(account, command)
            places, _ = plan.of(account)
            filed += [Filed(place.name, uid) for place, uid in zip(places, written.uids, strict=True)]
            sent = written.dispatched
        purposes = [dispatch.purpose for dispatch, was in zip(plan.dispatches, sent, strict=False) if was]
        return Delivered(tuple(filed), tuple(purposes), "; ".join(map(str, plan.failures)))

    async def _write_one(self, account: AccountId, command: Deliver) -> Written:
        try:
            written = await self._context.store.engine.write(account, command)
        except KeywordLimitExceeded:
            # The mailbox has as many keywords as it can have: the mail matters more than those of a script.
            written = await self._context.store.engine.write(account, _without_keywords(command))
        assert isinstance(written, Written)
        return written

    def _tell(self, target: DeliveryTarget, outcome: sieve.Outcome, plan: Plan) -> None:
        fields = {"session": self._letter.sender.session, "mailbox": target.name.internal, "message_id": self._id}
        for line in outcome.log:
            log.info("script_logged", extra=fields | {"text": line.text})
        for failure in plan.failures:
            log.warning("script_failed", extra=fields | {"reason": str(failure)})


def _without_keywords(command: Deliver) -> Deliver:
    deposits = [
        replace(deposit, message=replace(deposit.message, flags=Flags(deposit.message.flags.system)))
        for deposit in command.deposits
    ]
    return replace(command, deposits=tuple(deposits))
