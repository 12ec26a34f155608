"""The actions of a run as they come together: what cancels the implicit keep, what is the same, what goes with what."""

from collections.abc import Callable, Hashable
from dataclasses import replace

from angarium.sieve.actions import (
    Action,
    Discard,
    FileInto,
    Keep,
    Notify,
    Redirect,
    Reject,
    Snooze,
    Vacation,
)
from angarium.sieve.limits import Limits


class ActionRefused(Exception):
    """An action that cannot be taken beside the others, or that is one too many; `str()` says why."""


class Decisions:
    """What was decided so far."""

    __slots__ = ("_limits", "_places", "actions", "has_implicit_keep")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: dict[Hashable, int] = {}
        self.actions: list[Action] = []
        self.has_implicit_keep = True

    def add(self, action: Action) -> None:
        """Takes an action on; the same once more changes no more than its flags (RFC 5228 §2.10.3, RFC 5232 §3).

        Raises ActionRefused.
        """
        if _cancels_implicit_keep(action):
            self.has_implicit_keep = False
        target = _target(action)
        place = self._places.get(target) if target is not None else None
        if place is not None:
            self.actions[place] = _merged(self.actions[place], action)
            return
        self._check_limits(action)
        self._check_company(action)
        if target is not None:
            self._places[target] = len(self.actions)
        self.actions.append(action)

    def withdraw(self, is_meant: Callable[[Notify], bool]) -> None:
        """Takes notifications back (for `denotify`)."""
        self.actions = [action for action in self.actions if not (isinstance(action, Notify) and is_meant(action))]
        targets = [_target(action) for action in self.actions]
        self._places = {target: place for place, target in enumerate(targets) if target is not None}

    def _check_limits(self, action: Action) -> None:
        if len(self.actions) >= self._limits.actions:
            raise ActionRefused(f"more than {self._limits.actions} actions")
        for kind, limit, name in (
            (Redirect, self._limits.redirects, "redirects"),
            (Notify, self._limits.notifies, "notifications"),
        ):
            if isinstance(action, kind) and self._count(kind) >= limit:
                raise ActionRefused(f"more than {limit} {name}")

    def _count(self, kind: type[Action]) -> int:
        return sum(isinstance(action, kind) for action in self.actions)

    def _check_company(self, action: Action) -> None:
        for one, other, reason in _INCOMPATIBLE:
            if (isinstance(action, one) and self._has(other)) or (isinstance(action, other) and self._has(one)):
                raise ActionRefused(reason)

    def _has(self, kinds: tuple[type[Action], ...]) -> bool:
        return any(isinstance(action, kinds) for action in self.actions)


_DELIVERIES = (Keep, FileInto, Redirect, Snooze)

_INCOMPATIBLE: tuple[tuple[tuple[type[Action], ...], tuple[type[Action], ...], str], ...] = (
    # RFC 5429 §2.4: the sender of a mail that was refused must not be wrong about what became of it.
    ((Reject,), (Reject,), "a mail can be rejected once only"),
    ((Reject,), (Vacation,), '"reject" and "vacation" cannot be used for the same mail'),
    ((Reject,), _DELIVERIES, "a mail that is rejected cannot be kept, filed or redirected too"),
    ((Vacation,), (Vacation,), '"vacation" can be used once only for a mail'),  # RFC 5230 §4.7
)


def _cancels_implicit_keep(action: Action) -> bool:
    match action:
        case FileInto(copy=copy) | Redirect(copy=copy):
            return not copy  # RFC 3894 §3.1
        case Keep() | Discard() | Reject() | Snooze():
            return True
        case Vacation() | Notify():
            return False


def _target(action: Action) -> Hashable:
    """What makes two actions the same; None where they never are. A message that was edited in between is still the
    same (RFC 5293 §7)."""
    match action:
        case Keep():
            return (Keep,)
        case FileInto(mailbox=mailbox, special_use=use, mailbox_id=mailbox_id):
            return (FileInto, mailbox, use, mailbox_id)
        case Redirect(address=address, is_list=is_list):
            return (Redirect, address, is_list)
        case Discard():
            return (Discard,)
        case _:
            return None


def _merged(earlier: Action, later: Action) -> Action:
    """The earlier action, with the flags of the later one, which win (RFC 5232 §3)."""
    match earlier, later:
        case (Keep(), Keep()):
            return replace(earlier, flags=later.flags)
        case (FileInto(), FileInto()):
            return replace(
                earlier, flags=later.flags, create=earlier.create or later.create, copy=earlier.copy and later.copy
            )
        case _:
            return earlier
