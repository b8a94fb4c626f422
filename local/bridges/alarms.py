"""CloudWatch alarms, where the emulator's differ from AWS's."""

from typing import Any

from local.bridges.patching import existing


def build_all() -> None:
    from ministack.services.cloudformation import provisioners

    _watch_the_first_of_several(provisioners)


def _watch_the_first_of_several(provisioners: Any) -> None:
    """The emulator deploys no alarm over an expression; it gets one over its first metric."""
    record = existing(provisioners, "_cw_metric_alarm_record")

    def first_metric(name: str, properties: dict[str, Any]) -> Any:
        metrics = properties.get("Metrics")
        if metrics:
            stated = next(each["MetricStat"] for each in metrics if "MetricStat" in each)
            one = {**stated["Metric"], "Period": stated["Period"], "Statistic": stated["Stat"]}
            properties = {**properties, **one, "Metrics": None}
        return record(name, properties)

    provisioners._cw_metric_alarm_record = first_metric
