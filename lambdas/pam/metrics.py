"""Numbers that alarms watch: one line in the log each, which CloudWatch counts by itself."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from pam.names import METRIC_NAMESPACE, metric_dimensions


def count(name: str, env_name: str, value: float = 1) -> None:
    with single_metric(
        name=name, unit=MetricUnit.Count, value=value, namespace=METRIC_NAMESPACE
    ) as metric:
        for dimension, of in metric_dimensions(env_name).items():
            metric.add_dimension(name=dimension, value=of)
