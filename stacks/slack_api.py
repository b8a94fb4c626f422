"""The API that Slack calls, and the host of the socket: apart from the one that people sign for."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import slack_api_name, slack_socket_role_name
from stacks.acknowledgments import acknowledge, acknowledge_nist
from stacks.api_stage import STAGE, Throttle, access_log, keep_execution_log, stage_options
from stacks.config import DeployConfig
from stacks.function_platform import FunctionPlatform
from stacks.slack_door import SlackDoor

SIGNED_BY_SLACK = ("/slack/events", "/slack/interactions", "/slack/commands")
SOCKET = "/slack/socket"

_NO_WEB_ACL = (
    "Calls that Slack has not signed are turned away before they are read, and floods are "
    "throttled; a web ACL belongs to the account that fronts the API."
)


class SlackApi(Construct):
    """What Slack signs needs no signature of AWS's; the socket's route needs that, and one role's.

    It has throttles of its own, and so has each route: nobody who floods what anybody may call
    takes anything from those who sign, or from the socket.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, platform: FunctionPlatform, door: SlackDoor
    ) -> None:
        super().__init__(scope, construct_id)
        config = platform.config
        self._routes = SIGNED_BY_SLACK if config.slack.by_http else ()
        self._socket = config.slack.by_socket
        self.access_log = access_log(self, platform, name="slack-api-access")
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=slack_api_name(config.env_name),
            description="Privileged access management in Slack (MOD-046)",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            policy=self._policy(config.env_name),
            # The role is the account's, not only ours: the foundation sets it (gateway_logging).
            cloud_watch_role=False,
            deploy_options=stage_options(config, self.access_log, self._throttles(config)),
        )
        keep_execution_log(self, self.api, platform)
        for path in self._routes:
            self._call(path, door, apigateway.AuthorizationType.NONE)
        if self._socket:
            self._call(SOCKET, door, apigateway.AuthorizationType.IAM)
        self._acknowledge()

    @property
    def endpoint(self) -> str:
        """Base URL without a trailing slash."""
        return self.api.url_for_path().removesuffix("/")

    @property
    def socket_url(self) -> str:
        return self.api.url_for_path(SOCKET)

    def _call(
        self, path: str, door: SlackDoor, authorization: apigateway.AuthorizationType
    ) -> None:
        method = self.api.root.resource_for_path(path).add_method(
            "POST",
            apigateway.LambdaIntegration(door.function.function, allow_test_invoke=False),
            authorization_type=authorization,
        )
        if authorization is apigateway.AuthorizationType.NONE:
            by_slack = "Slack cannot sign for AWS; its own signature is checked before all else."
            for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
                acknowledge(method, rule, by_slack)

    def _throttles(self, config: DeployConfig) -> dict[str, Throttle]:
        """One for each route: anybody may call those of Slack, and would otherwise use up what the
        socket's route has.
        """
        own = Throttle(rate=config.throttle_rate, burst=config.throttle_burst)
        paths = [*self._routes, *([SOCKET] if self._socket else [])]
        return {f"{path}/POST": own for path in paths}

    def _policy(self, env_name: str) -> iam.PolicyDocument:
        """Everybody may call what Slack signs; of the socket's route everybody is refused but one
        role, whatever its own account's policies say.
        """
        stack = Stack.of(self)
        role = stack.format_arn(
            service="iam",
            region="",
            resource="role",
            resource_name=slack_socket_role_name(env_name),
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        everybody = [iam.AnyPrincipal()]
        statements = []
        if self._routes:
            statements.append(
                iam.PolicyStatement(
                    sid="WhatSlackSigns",
                    principals=everybody,
                    actions=["execute-api:Invoke"],
                    resources=[f"execute-api:/{STAGE}/POST{path}" for path in self._routes],
                )
            )
        statements.append(
            iam.PolicyStatement(
                sid="TheSocketsHostAlone",
                effect=iam.Effect.DENY,
                principals=everybody,
                actions=["execute-api:Invoke"],
                resources=[f"execute-api:/{STAGE}/*{SOCKET}"],
                conditions={"StringNotEquals": {"aws:PrincipalArn": role}},
            )
        )
        return iam.PolicyDocument(statements=statements)

    def _acknowledge(self) -> None:
        acknowledge(self.api, "AwsSolutions-APIG3", _NO_WEB_ACL)
        acknowledge(
            self.api,
            "AwsSolutions-APIG2",
            "The body is Slack's, and its signature is over its bytes: the function reads it.",
        )
        acknowledge(
            self.api,
            "AwsSolutions-COG4",
            "Slack signs its calls, and the socket's host signs for AWS; no user pool.",
        )
        acknowledge_nist(
            self.api,
            {
                "APIGWAssociatedWithWAF": _NO_WEB_ACL,
                "APIGWCacheEnabledAndEncrypted": (
                    "Each answer is for one person at one instant; none may be kept."
                ),
                "APIGWSSLEnabled": (
                    "A client certificate is shown to an HTTP back end; behind this API is a "
                    "function, called by IAM."
                ),
            },
        )
