"""Who waits for changes of an account: sessions in IDLE."""

from collections.abc import Callable

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId


class Watchers:
    """Callbacks by account; one for all sessions of a worker. Callbacks run on the loop and only schedule work."""

    __slots__ = ("_by_account", "_on_first", "_on_last")

    def __init__(
        self,
        *,
        on_first: Callable[[AccountId], None] = lambda _: None,
        on_last: Callable[[AccountId], None] = lambda _: None,
    ) -> None:
        """`on_first` is called with an account before anybody waits for it, `on_last` when nobody does any more."""
        self._by_account: dict[AccountId, set[Callable[[], None]]] = {}
        self._on_first = on_first
        self._on_last = on_last

    def listen_to(self, engine: Engine) -> Callable[[], None]:
        """Hear an engine's announcements; gives what ends it."""
        return engine.subscribe(self.announced)

    def announced(self, account: AccountId) -> None:
        """An account changed."""
        for callback in tuple(self._by_account.get(account, ())):
            callback()

    def watch(self, account: AccountId, callback: Callable[[], None]) -> None:
        """Call back after each change of the account, until `unwatch`."""
        callbacks = self._by_account.get(account)
        if callbacks is None:
            self._on_first(account)
            callbacks = self._by_account[account] = set()
        callbacks.add(callback)

    def unwatch(self, account: AccountId, callback: Callable[[], None]) -> None:
        """No more; nothing happens where there was no watch."""
        callbacks = self._by_account.get(account)
        if callbacks is not None:
            callbacks.discard(callback)
            if not callbacks:
                del self._by_account[account]
                self._on_last(account)

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """Accounts that somebody watches."""
        return tuple(self._by_account)
