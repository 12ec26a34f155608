"""Where a script is among the parts of the message (RFC 5703 §3)."""

from collections.abc import Iterator

from angarium.sieve.entity import Entity
from angarium.sieve.run import Run


class PartLoop:
    """One `foreverypart` that is being executed; the frame of its block holds it, and so it ends with that."""

    __slots__ = ("_entities", "_run", "entity", "name")

    def __init__(self, run: Run, entities: Iterator[Entity], name: str | None) -> None:
        self._run = run
        self._entities = entities
        self.name = name
        self.entity: Entity

    def __call__(self) -> bool:
        """Goes to the next part; whether there is one."""
        entity = next(self._entities, None)
        if entity is None:
            return False
        self._run.spend(1)
        self.entity = entity
        return True


def loops(run: Run) -> Iterator[PartLoop]:
    """Those of the script that is being executed, the innermost first. A script that one of them includes is in none of
    them: the part is the message that it sees (RFC 6609 §3.5)."""
    for frame in reversed(run.frames):
        if isinstance(frame.again, PartLoop):
            yield frame.again
        if frame.script is not None:
            return


def current_entity(run: Run) -> Entity:
    """The part of the innermost loop; outside of all the message."""
    loop = next(loops(run), None)
    return run.message.viewed if loop is None else loop.entity


def put_in_place(run: Run, entity: Entity, replacement: Entity) -> None:
    """Has one part in place of another, for all loops too that are at it."""
    run.message.replace(entity, replacement)
    for frame in run.frames:
        if isinstance(frame.again, PartLoop) and frame.again.entity is entity:
            frame.again.entity = replacement
