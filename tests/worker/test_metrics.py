from angarium.worker import Metric, Metrics, SharedState, read_metrics


def test_metrics_are_sums_over_workers(state: SharedState) -> None:
    first, second = Metrics(state, 1), Metrics(state, 2)
    first.raise_by(Metric.LOGINS)
    second.raise_by(Metric.LOGINS, 4)
    second.raise_by(Metric.DELIVERIES)
    found = read_metrics(state)
    assert (found[Metric.LOGINS], found[Metric.DELIVERIES], found[Metric.COMMANDS]) == (5, 1, 0)
