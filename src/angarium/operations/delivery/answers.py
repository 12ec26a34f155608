"""Mail that a delivery causes: redirected, answered, refused, told of; each as a dispatch with the mark that bounds it.

Whatever is not to be sent (RFC 5230 §4.5, RFC 3834 §2, loops) is left out with a line in the log that says why.
"""

import logging
from datetime import datetime
from functools import cached_property
from typing import Final

from angarium import __version__
from angarium.compose import (
    Mailbox,
    MailtoInvalid,
    Original,
    OutgoingMail,
    RecipientStatus,
    RefusalForm,
    Reporter,
    delivery_report,
    derived_id,
    disposition_notification,
    header_of,
    is_address,
    mail_notification,
    parse_mailto,
    redirected_head,
    redirected_parameters,
    redirected_sender,
    refusal_form,
    script_failure_notice,
    vacation_answer,
    why_not_answered,
    why_not_notified,
    why_not_redirected,
)
from angarium.compose.mail import Purpose
from angarium.engine.delivery import Dispatch, Mark, MarkKind
from angarium.operations.delivery.context import DeliveryContext, Letter
from angarium.operations.delivery.copies import Copies
from angarium.operations.delivery.duplicates import id_for_duplicates, mark_name, redirected_mark
from angarium.operations.delivery.facts import Facts
from angarium.operations.messages import DeliveryTarget
from angarium.operations.outgoing import rewriter_for
from angarium.sieve import Edition, Notify, Redirect, Reject, Tracked, Vacation
from angarium.sieve.entity import read_pieces

log = logging.getLogger(__name__)

_HEADER_OCTETS: Final = 1 << 20
_VACATION_DEFAULT_S: Final = 7 * 86_400
"""RFC 5230 §4.1."""
_DAY_S: Final = 86_400
_LIST_MEMBERS_MAX: Final = 100
"""More would make of each mail a bomb (RFC 6134 §4)."""
_REASONS: Final = {
    "loop": "the message has been redirected from here before",
    "too_many_redirections": "the message has been redirected too often",
    "too_many_hops": "the message has come over too many servers",
    "no_address": "there is no address to send it to",
    "too_many_addresses": f"the list has more than {_LIST_MEMBERS_MAX} members",
}
"""By what `why_not_redirected` says, and what else speaks against it."""


class NotRedirected(Exception):
    """A message cannot be sent on; `str()` says why."""


class Answers:
    """Composes for one run of a script."""

    def __init__(
        self, context: DeliveryContext, letter: Letter, target: DeliveryTarget, facts: Facts, copies: Copies
    ) -> None:
        self._context = context
        self._letter = letter
        self._target = target
        self._facts = facts
        self._copies = copies
        self._now_s = context.store.sources.now_s()
        self.moment = datetime.fromtimestamp(self._now_s, context.zone)
        """When the delivery is, in the zone of the server."""
        self.recipient = mark_name(target)
        """For whom, as marks have it."""

    async def redirect(self, action: Redirect) -> list[Dispatch]:
        """RFC 5228 §4.2; of a list one for each member (RFC 6134 §2.3). NotRedirected."""
        addresses = await self._facts.members(action.address) if action.is_list else (action.address,)
        addresses = tuple(dict.fromkeys(filter(is_address, addresses)))
        reason = why_not_redirected(self._original, owner=self._owner.address)
        if reason is None and not addresses:
            reason = "no_address"
        if reason is None and len(addresses) > _LIST_MEMBERS_MAX:
            reason = "too_many_addresses"
        if reason is not None:
            self._leave_out("redirect", reason)
            raise NotRedirected(_REASONS[reason])
        return [await self._redirect_to(address, action) for address in addresses]

    async def _redirect_to(self, address: str, action: Redirect) -> Dispatch:
        copy = await self._copies.anywhere(action.edition)
        head = redirected_head(await self._first_octets(action), owner=self._owner.address)
        wants_reports = not (action.notify is None and action.ret is None and action.by_time is None)
        sender = redirected_sender(
            self._letter.return_path,
            owner=self._owner.address,
            wants_reports=wants_reports,
            rewriter=rewriter_for(self._context.settings.outgoing),
            now_s=self._now_s,
        )
        parameters = redirected_parameters(
            notify=action.notify,
            ret=action.ret,
            by_time=action.by_time,
            by_mode=action.by_mode,
            by_trace=action.by_trace,
            moment=self.moment,
        )
        if self._letter.is_utf8 or not address.isascii():
            parameters = (*parameters, ("SMTPUTF8", ""))
        original_id = id_for_duplicates(self._letter.message)
        return Dispatch(
            sender,
            (address,),
            head.octets,
            Purpose.REDIRECT,
            self._original.message_id or derived_id(copy.content.hash.hex(), address),
            self._expires_at_s,
            copy.file,
            head.offset,
            parameters,
            redirected_mark(self._context, original_id, address, self.recipient),
        )

    def vacation(self, action: Vacation) -> Dispatch | None:
        """RFC 5230: once in a while for each sender and each answer."""
        sender = self._letter.return_path
        own = {*self._own_addresses, *action.addresses}
        original = self._edited(action.edition)
        reason = why_not_answered(original, sender=sender, addresses=own)
        if reason is not None:
            self._leave_out("vacation", reason)
            return None
        mail = vacation_answer(
            original,
            reason=action.reason,
            is_mime=action.mime,
            subject=action.subject,
            from_=action.from_,
            sender=sender,
            owner=self._owner,
            handle=action.handle,
            moment=self.moment,
            domain=self._domain,
        )
        key = f"{derived_id('vacation', action.handle)} {derived_id(sender.lower())}"
        return self._dispatch(mail, Mark(MarkKind.ANSWERED, key, self._now_s + self._vacation_s(action.seconds)))

    def _vacation_s(self, wanted_s: int | None) -> int:
        """Between the bounds that the site sets (RFC 5230 §4.1, RFC 6131 §2)."""
        settings = self._context.settings.sieve
        least = int(settings.sieve_vacation_min_response.total_seconds())
        most = int(settings.sieve_vacation_max_response.total_seconds())
        return max(least, min(_VACATION_DEFAULT_S if wanted_s is None else wanted_s, most))

    def notify(self, action: Notify) -> Dispatch | None:
        """RFC 5436."""
        original = self._edited(action.edition)
        reason = why_not_notified(original)
        if reason is not None:
            self._leave_out("notify", reason)
            return None
        try:
            mailto = parse_mailto(action.method)
        except MailtoInvalid as invalid:
            self._leave_out("notify", str(invalid))
            return None
        mail = mail_notification(
            original,
            mailto,
            message=action.message,
            from_=action.from_,
            importance=action.importance,
            sender=self._letter.return_path,
            owner=self._owner,
            moment=self.moment,
            domain=self._domain,
        )
        return self._dispatch(mail)

    def refusal_form(self, action: Reject) -> RefusalForm:
        """How the sender is told."""
        return refusal_form(
            extended=action.extended,
            reason=action.reason,
            sender=self._letter.return_path,
            protocol_refuses=self._context.settings.sieve.sieve_use_lmtp_reject,
            protocol_takes_utf8=False,
        )

    def refusal(self, action: Reject, form: RefusalForm) -> Dispatch:
        """What tells the sender of a refusal that the protocol cannot tell of (RFC 5429 §2.1.2, §2.2.1)."""
        if form is RefusalForm.DISPOSITION:
            return self._dispatch(
                disposition_notification(
                    self._original,
                    reason=action.reason,
                    sender=self._letter.return_path,
                    recipient=self._owner.address,
                    original_recipient=self._letter.dsn_of(self._target.recipient).get("orcpt", ""),
                    reporter=self._reporter,
                    moment=self.moment,
                )
            )
        first_line = action.reason.strip().partition("\n")[0]
        return self._dispatch(
            delivery_report(
                self._original,
                sender=self._letter.return_path,
                statuses=(RecipientStatus(self._owner.address, "5.7.1", first_line),),
                explanation=action.reason,
                reporter=self._reporter,
                arrived=self.moment,
                moment=self.moment,
            )
        )

    def failure_notice(self, *, place: str, reason: str, left_in: str | None = None) -> tuple[bytes, Mark]:
        """What the user is told when her script failed, and the mark that lets it be once a day; `left_in` as
        `script_failure_notice` has it."""
        mail = script_failure_notice(
            self._original,
            script="",
            place=place,
            reason=reason,
            owner=self._owner,
            reporter=self._reporter,
            moment=self.moment,
            left_in=left_in,
        )
        return mail.content, Mark(MarkKind.NOTICE, "script", self._now_s + _DAY_S)

    def tracked_mark(self, tracked: Tracked) -> Mark:
        """What `duplicate` remembers; the site bounds for how long (RFC 7352 §3.2)."""
        most = int(self._context.settings.sieve.sieve_duplicate_max_expiration.total_seconds())
        return Mark(MarkKind.TRACKED, tracked.key, self._now_s + min(tracked.seconds, most))

    # Who, and of what

    @cached_property
    def _original(self) -> Original:
        source = self._letter.message.source
        assert source is not None
        root = source.scanned.root
        return Original(header_of(bytes(source.view[: min(root.body_offset, _HEADER_OCTETS)])))

    def _edited(self, edition: Edition | None) -> Original:
        """The message as a script has edited it (RFC 5293 §7)."""
        source = self._letter.message.source
        assert source is not None
        if edition is None:
            return self._original
        return Original(header_of(read_pieces(edition.pieces, source.view, _HEADER_OCTETS)))

    async def _first_octets(self, action: Redirect) -> bytes:
        source = self._letter.message.source
        assert source is not None
        if action.edition is None:
            return bytes(source.view[: min(source.scanned.root.body_offset, _HEADER_OCTETS)])
        first = action.edition.pieces[0]
        return first if isinstance(first, bytes) else bytes(source.view[first.start : min(first.end, _HEADER_OCTETS)])

    @cached_property
    def _owner(self) -> Mailbox:
        """The recipient, as the sender addressed her, without what follows her name."""
        return Mailbox(self._own_addresses[0])

    @cached_property
    def _own_addresses(self) -> tuple[str, ...]:
        """The first is the one that she is known by."""
        recipient = self._target.recipient
        domain = recipient.domain or self._domain
        userid = self._target.name.userid
        known = f"{recipient.local_part or self._target.name.internal}@{domain}"
        addresses = [known, recipient.address]
        if userid is not None:
            addresses.append(str(userid) if userid.domain else f"{userid}@{self._domain}")
        return tuple(dict.fromkeys([address for address in addresses if is_address(address)])) or (
            f"postmaster@{self._domain}",
        )

    @property
    def _domain(self) -> str:
        return self._context.settings.server.servername

    @cached_property
    def _reporter(self) -> Reporter:
        postmaster = self._context.settings.outgoing.postmaster
        return Reporter(postmaster, self._domain, f"Angarium {__version__}")

    @property
    def _expires_at_s(self) -> int:
        return self._now_s + int(self._context.settings.outgoing.queue_lifetime.total_seconds())

    def _dispatch(self, mail: OutgoingMail, mark: Mark | None = None) -> Dispatch:
        return Dispatch(
            mail.sender,
            mail.recipients,
            mail.content,
            mail.purpose,
            mail.message_id,
            self._expires_at_s,
            parameters=mail.parameters,
            mark=mark,
        )

    def _leave_out(self, what: str, reason: str) -> None:
        fields = {"session": self._letter.sender.session, "mailbox": self._target.name.internal}
        log.info("answer_left_out", extra=fields | {"answer": what, "reason": reason})
