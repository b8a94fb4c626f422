"""Numbers that alarms watch: one line in the log each, which CloudWatch counts by itself."""

import threading

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from pam.names import METRIC_NAMESPACE, OF_TARGETS, TARGET_DRIFTED, metric_dimensions

_LINE = threading.Lock()
"""Two lines at once would become one that CloudWatch does not read."""


def count(name: str, env_name: str, value: float = 1) -> None:
    """What is found at targets has one alarm for all, and counts for that as well."""
    for each in (name, TARGET_DRIFTED) if name in OF_TARGETS else (name,):
        with (
            _LINE,
            single_metric(
                name=each, unit=MetricUnit.Count, value=value, namespace=METRIC_NAMESPACE
            ) as metric,
        ):
            for dimension, of in metric_dimensions(env_name).items():
                metric.add_dimension(name=dimension, value=of)
