"""The one role of an account and region with which API Gateway writes the logs of every API."""

from collections.abc import Sequence

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from stacks.acknowledgments import acknowledge
from stacks.keeping import KEPT


class GatewayLogging(Construct):
    """Sets that role, for all who have an API there: whoever sets it last wins.

    So it outlasts its stack, and it is set after all else of it was made: a first deployment that
    fails takes the role back, and another deployment's access log would end with it. In the
    foundation, because each new service would leave one more.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, after: Sequence[IConstruct]
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            description=f"PAM {env_name}: API Gateway's log role, for every API of the account",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        account.node.add_dependency(*after)
        role.apply_removal_policy(KEPT)
        account.apply_removal_policy(KEPT)
        acknowledge(
            self,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "API Gateway's account-wide logging role; the managed policy is the documented one.",
        )
