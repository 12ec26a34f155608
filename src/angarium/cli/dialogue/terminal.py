"""The terminal passed through to the server, until one of them ends."""

import os
import select
from typing import BinaryIO, Final

from angarium.cli.dialogue.wire import TIMEOUT_S, Wire
from angarium.cli.serverunavailable import ServerUnavailable

_BLOCK_OCTETS: Final = 1 << 16


class LineEnds:
    """Ends lines as protocols have it, whatever ends them in what is typed."""

    def __init__(self) -> None:
        self._held = b""

    def convert(self, octets: bytes) -> bytes:
        """What is to be sent now: a CR in the end waits for what comes behind it."""
        octets = self._held + octets
        self._held = b"\r" if octets.endswith(b"\r") else b""
        octets = octets[: len(octets) - len(self._held)]
        return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def end(self) -> bytes:
        """What has waited."""
        held, self._held = self._held, b""
        return held


def pass_through(wire: Wire, source: int, screen: BinaryIO, *, farewell: bytes, is_shown: bool) -> None:
    """Copy a descriptor to the server, and what the server says to the screen. After the end of the source, `farewell`
    ends the session. `is_shown` shows what is sent, too. ServerUnavailable where the server takes or says nothing."""
    ends = LineEnds()
    outgoing = bytearray()
    is_open = True
    # What was read already wakes nobody who selects.
    is_alive = _show_received(wire, screen)
    while is_alive:
        sources: list[int | Wire] = [wire]
        if is_open and len(outgoing) < _BLOCK_OCTETS:
            sources.append(source)
        readable, writable, _ = select.select(sources, [wire] if outgoing else [], [], None if is_open else TIMEOUT_S)
        if not readable and not writable:
            raise ServerUnavailable("the server does not end the session")
        if wire in readable:
            is_alive = _show_received(wire, screen)
        if source in readable:
            octets = os.read(source, _BLOCK_OCTETS)
            if octets:
                shown, octets = octets, ends.convert(octets)
            else:
                is_open = False
                shown, octets = b"C: " + farewell + b"\n", ends.end() + farewell + b"\r\n"
            if is_shown or not is_open:
                _show(screen, shown)
            outgoing += wire.as_sent(octets) if octets else b""
        if outgoing and (wire in writable or not writable):
            wire.send_some(outgoing)


def _show_received(wire: Wire, screen: BinaryIO) -> bool:
    """Whether the server may say more."""
    while (octets := wire.received()) is not None:
        if not octets:
            return False
        _show(screen, octets.replace(b"\r\n", b"\n"))
    return True


def _show(screen: BinaryIO, octets: bytes) -> None:
    screen.write(octets)
    screen.flush()
