import pytest

from angarium.sasl import MECHANISMS, Challenge, find_mechanism


def test_mechanisms_are_announced_in_this_order() -> None:
    assert list(MECHANISMS) == ["PLAIN", "LOGIN", "ANONYMOUS"]


@pytest.mark.parametrize("name", ["PLAIN", "plain", "Login"])
def test_mechanism_is_found_in_any_case(name: str) -> None:
    mechanism = find_mechanism(name)
    assert mechanism is not None
    assert mechanism.name == name.upper()


@pytest.mark.parametrize("name", ["", "FOO", "PLAIN ", "plaın"])
def test_unknown_mechanism_is_not_found(name: str) -> None:
    assert find_mechanism(name) is None


@pytest.mark.parametrize("name", list(MECHANISMS))
def test_each_start_is_an_exchange_of_its_own(name: str) -> None:
    mechanism = MECHANISMS[name]
    assert mechanism.plaintext is not mechanism.anonymous
    first, second = mechanism.start(), mechanism.start()
    assert first is not second
    assert isinstance(first.step(None), Challenge)
