"""A CDK app of a module that relies on PAM (MOD-046): `npx cdk deploy -c env=ENV`.

It finds PAM by its published parameters, hears its events and its audit log, and lets into an API
of its own whoever holds one resource.
"""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

RESOURCE = "core-sandbox-admin"
"""Of PAM's catalogue: who holds it may call the API."""
ROLE = "consumer-access-check"
"""Listed under `services:` of PAM's identities file, with that resource."""
KEEP_SECONDS = 2
"""For so long a yes may stand after a revocation."""
DETAIL_TYPES = ["PAM Session Activated", "PAM Session Ended", "PAM Session Revoked"]
"""As `docs/events/` has them; a rule takes what it names, so nothing else has to be passed over."""
FUNCTIONS = Path(__file__).resolve().parent / "functions"


class ConsumerStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, *, env_name: str) -> None:
        super().__init__(scope, construct_id)
        self._env_name = env_name
        self._hear_events()
        self._hear_the_audit_log()
        self._guard_an_api()

    def _published(self, path: str) -> str:
        """Looked up when the stack is deployed."""
        name = f"/bank/{self._env_name}/mod046/{path}"
        return ssm.StringParameter.value_for_string_parameter(self, name)

    def _function(
        self, name: str, handler: str, role: iam.IRole | None = None, **environment: str
    ) -> lambda_.Function:
        group = logs.LogGroup(
            self,
            f"{name}Log",
            log_group_name=f"/bank/{self._env_name}/consumer-example/{handler}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        if role is not None:
            group.grant_write(role)
        return lambda_.Function(
            self,
            name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            code=lambda_.Code.from_asset(str(FUNCTIONS), exclude=["__pycache__"]),
            handler=handler,
            role=role,
            environment=environment,
            log_group=group,
            timeout=cdk.Duration.seconds(10),
        )

    def _hear_events(self) -> None:
        bus = events.EventBus.from_event_bus_name(self, "Bus", self._published("events/bus-name"))
        rule = events.Rule(
            self,
            "Told",
            event_bus=bus,
            event_pattern=events.EventPattern(source=["bank.mod046.pam"], detail_type=DETAIL_TYPES),
        )
        rule.add_target(targets.LambdaFunction(self._function("HearEvent", "hear.event")))

    def _hear_the_audit_log(self) -> None:
        """A log group takes two subscriptions at most, whoever's they are."""
        arn = self._published("audit-log/group-arn")
        hear = self._function("HearLines", "hear.lines")
        may = lambda_.CfnPermission(
            self,
            "LogsMayCall",
            action="lambda:InvokeFunction",
            function_name=hear.function_name,
            principal="logs.amazonaws.com",
            source_account=self.account,
            source_arn=arn,
        )
        subscription = logs.CfnSubscriptionFilter(
            self,
            "AuditLog",
            log_group_name=cdk.Fn.select(6, cdk.Fn.split(":", arn)),
            filter_pattern="",
            destination_arn=hear.function_arn,
        )
        subscription.add_dependency(may)

    def _guard_an_api(self) -> None:
        role = iam.Role(
            self,
            "MayAsk",
            role_name=ROLE,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_managed_policy_name(
                    self, "Service", f"pam-{self._env_name}-service"
                )
            ],
        )
        audience = f"consumer-example-{self._env_name}"
        authorizer = apigateway.TokenAuthorizer(
            self,
            "Holds",
            handler=self._function(
                "Authorizer",
                "authorizer.handler",
                role,
                AUDIENCE=audience,
                KEEP_SECONDS=str(KEEP_SECONDS),
                PAM_ENDPOINT=self._published("request-api/endpoint"),
                RESOURCE=RESOURCE,
            ),
            identity_source=apigateway.IdentitySource.header("X-Caller-Proof"),
            # An answer that API Gateway keeps would outlive the access.
            results_cache_ttl=cdk.Duration.seconds(0),
        )
        api = apigateway.RestApi(
            self, "Api", rest_api_name="consumer-example", cloud_watch_role=False
        )
        ok = apigateway.IntegrationResponse(
            status_code="200", response_templates={"application/json": '{"you": "are in"}'}
        )
        api.root.add_resource("ledger").add_method(
            "GET",
            apigateway.MockIntegration(
                integration_responses=[ok],
                request_templates={"application/json": '{"statusCode": 200}'},
            ),
            authorizer=authorizer,
            method_responses=[apigateway.MethodResponse(status_code="200")],
        )
        cdk.CfnOutput(self, "ApiId", value=api.rest_api_id)
        cdk.CfnOutput(self, "Audience", value=audience)


def main() -> None:
    app = cdk.App()
    env_name = app.node.try_get_context("env")
    if not env_name:
        sys.exit("which environment of PAM? say -c env=NAME")
    ConsumerStack(app, f"consumer-example-{env_name}", env_name=env_name)
    app.synth()


if __name__ == "__main__":
    main()
