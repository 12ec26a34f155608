"""Keys for those who have none; exchanges with all that is asked in them are in `tests/operations/logins`."""

from angarium.auth.passwords import DEFAULT_COST
from angarium.auth.proof import made_up_keys
from angarium.sasl import MIN_ITERATIONS, ScramHash

CYRUS_SASL_MAX = 0x10000


def test_who_is_not_there_always_has_the_same_keys() -> None:
    keys = made_up_keys(b"seed", "nobody", ScramHash.SHA_256)
    assert keys == made_up_keys(b"seed", "nobody", ScramHash.SHA_256)
    assert (len(keys.stored), len(keys.server), len(keys.salt)) == (32, 32, 16)
    others = [
        made_up_keys(b"another seed", "nobody", ScramHash.SHA_256),
        made_up_keys(b"seed", "somebody", ScramHash.SHA_256),
        made_up_keys(b"seed", "nobody", ScramHash.SHA_512),
    ]
    assert len({each.salt for each in (keys, *others)}) == 4


def test_they_look_like_those_of_users() -> None:
    assert made_up_keys(b"seed", "nobody", ScramHash.SHA_1).iterations == DEFAULT_COST.scram_iterations


def test_names_that_no_user_can_have_have_keys_too() -> None:
    assert made_up_keys(b"seed", "\udcff", ScramHash.SHA_1).salt


def test_clients_that_are_built_on_cyrus_sasl_take_the_keys() -> None:
    assert MIN_ITERATIONS <= DEFAULT_COST.scram_iterations <= CYRUS_SASL_MAX
