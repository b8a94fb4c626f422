"""The stage of an API and its two logs, of whichever API."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from stacks.access_log import access_log_format
from stacks.config import DeployConfig
from stacks.function_platform import FunctionPlatform
from stacks.operational_log import OperationalLog

STAGE = "v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Calls a second, and how many at once."""

    rate: int
    burst: int


def access_log(scope: Construct, platform: FunctionPlatform, *, name: str) -> OperationalLog:
    return OperationalLog(
        scope,
        "AccessLog",
        name=f"/pam/{platform.env_name}/{name}",
        key=platform.key,
        retention_days=platform.config.operational_retention_days,
    )


def stage_options(
    config: DeployConfig, log: OperationalLog, throttles: Mapping[str, Throttle]
) -> apigateway.StageOptions:
    """`throttles`: of the methods that have one of their own, as `PATH/METHOD`. All others have the
    stage's.
    """
    return apigateway.StageOptions(
        stage_name=STAGE,
        tracing_enabled=config.traces,
        # Errors of the gateway itself; never the bodies, which hold what people write, and leases.
        logging_level=apigateway.MethodLoggingLevel.ERROR,
        data_trace_enabled=False,
        access_log_destination=apigateway.LogGroupLogDestination(log),
        access_log_format=access_log_format(),
        throttling_rate_limit=config.throttle_rate,
        throttling_burst_limit=config.throttle_burst,
        method_options={
            path: apigateway.MethodDeploymentOptions(
                throttling_rate_limit=throttle.rate,
                throttling_burst_limit=throttle.burst,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
            )
            for path, throttle in throttles.items()
        },
    )


def keep_execution_log(
    scope: Construct, api: apigateway.RestApi, platform: FunctionPlatform
) -> None:
    """API Gateway names this log group itself; made before its stage, it has a key and an end."""
    log = OperationalLog(
        scope,
        "ExecutionLog",
        name=f"API-Gateway-Execution-Logs_{api.rest_api_id}/{STAGE}",
        key=platform.key,
        retention_days=platform.config.operational_retention_days,
    )
    api.deployment_stage.node.add_dependency(log)
