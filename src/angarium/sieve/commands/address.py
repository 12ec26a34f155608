"""address (RFC 5228 §5.1), with the address parts of RFC 5233."""

from collections.abc import Sequence

from angarium.sieve.address import ADDRESS_PART_TAGS, AddressPart, address_part
from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.fields import ADDRESS_FIELD_TAGS, address_reader
from angarium.sieve.mailaddress import MailAddress, texts_of
from angarium.sieve.specification import Kind, Parameter, Test, TestSpecification


def _address(arguments: Arguments) -> Test:
    read = address_reader(arguments, arguments.texts("header names"))
    part = address_part(arguments)
    compare = comparison(arguments, arguments.texts("keys"), in_turns=True)
    if arguments.given("localpart", "domain", "user", "detail") is None:
        return lambda run: compare(run, texts_of(read(run)))
    return lambda run: compare(run, _parts(part, read(run)))


def _parts(part: AddressPart, addresses: Sequence[MailAddress]) -> list[str]:
    return [value for value in map(part, addresses) if value is not None]


SPECIFICATIONS = (
    TestSpecification(
        "address",
        _address,
        parameters=(Parameter("header names", Kind.STRINGS), Parameter("keys", Kind.STRINGS)),
        tags=(*COMPARISON_TAGS, *ADDRESS_PART_TAGS, *ADDRESS_FIELD_TAGS),
    ),
)
