"""Sessions over a store in memory, which is made anew now and then; each has a greeting and an end."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from tests.errorlog import no_errors_logged
from tests.store.world import World

_RUNS: Final = 100
"""With one store."""
_REFILLS: Final = 10
_HANGS_S: Final = 60.0


class Server(Protocol):
    """What speaks a protocol over a world."""

    world: World

    async def converse(self, chunks: Iterable[bytes]) -> bytes: ...


_Server = TypeVar("_Server", bound=Server)


class Conversations(Generic[_Server]):
    """Those with a server that `serve` makes of a store; what it has to have anew at times, `refill` brings."""

    def __init__(
        self,
        serve: Callable[[World], _Server],
        refill: Callable[[_Server], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        self._serve = serve
        self._refill = refill
        self._runner = asyncio.Runner()
        self._runs = 0
        self._server: _Server | None = None

    def converse(self, data: bytes) -> tuple[bytes, _Server]:
        """All that the server says until it closes, to a client that says what stands behind the first octet; that one
        tells where it is cut in two. No errors are logged."""
        server = self._fresh_enough()
        stream = data[1:]
        cut = data[0] * len(stream) // 256

        async def to_the_end() -> bytes:
            async with asyncio.timeout(_HANGS_S):
                return await server.converse([stream[:cut], stream[cut:]])

        with no_errors_logged():
            return self._runner.run(to_the_end()), server

    def _fresh_enough(self) -> _Server:
        if self._server is None or self._runs % _RUNS == 0:
            if self._server is not None:
                self._runner.run(self._server.world.engine.close())
            self._server = self._serve(self._runner.run(World.open("memory", Path())))
        if self._refill is not None and self._runs % _REFILLS == 0:
            self._runner.run(self._refill(self._server))
        self._runs += 1
        return self._server
