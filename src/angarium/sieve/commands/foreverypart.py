"""foreverypart and break (RFC 5703 §3)."""

from collections.abc import Iterator

from angarium.sieve.arguments import Arguments
from angarium.sieve.entity import Entity
from angarium.sieve.partloop import PartLoop, current_entity, loops
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Tag

_NAME_TAG = Tag("name", kind=Kind.STRING, constant=True)


def _foreverypart(arguments: Arguments) -> Action:
    name = arguments.tag_constant("name")
    block = arguments.block
    arguments.needs_body()

    def foreverypart(run: Run) -> None:
        around = current_entity(run)
        is_outermost = next(loops(run), None) is None
        loop = PartLoop(run, around.walk() if is_outermost else _below(around), name)
        if block and loop():
            run.enter(block, again=loop)

    return foreverypart


def _below(entity: Entity) -> Iterator[Entity]:
    for child in [*entity.children]:
        yield from child.walk()


def _break(arguments: Arguments) -> Action:
    name = arguments.tag_constant("name")
    around = arguments.loops()
    if not around:
        raise arguments.wrong('"break" stands in no "foreverypart"')
    if name is not None and name not in around:
        raise arguments.wrong(f'"break" stands in no loop of the name "{name[:60]}"', arguments.position_of("name"))

    def leave(run: Run) -> None:
        ended = next(loop for loop in loops(run) if name is None or loop.name == name)
        while run.frames[-1].again is not ended:
            run.leave()
        run.leave()

    return leave


SPECIFICATIONS = (
    CommandSpecification("foreverypart", _foreverypart, ("foreverypart",), tags=(_NAME_TAG,), has_block=True),
    CommandSpecification("break", _break, ("foreverypart",), tags=(_NAME_TAG,)),
)
