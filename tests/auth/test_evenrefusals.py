import pytest

from angarium.auth.evenrefusals import STEP_S, rest_of_step_s


@pytest.mark.parametrize(
    ("passed_s", "steps"), [(0.0, 0), (0.001, 1), (0.2, 1), (0.249, 1), (0.25, 1), (0.251, 2), (2.1, 9)]
)
def test_what_has_begun_ends_at_a_full_step(passed_s: float, steps: int) -> None:
    assert passed_s + rest_of_step_s(passed_s) == pytest.approx(steps * STEP_S)
