"""The state machine: one execution is one session, from the request to its end."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from pam.domain.proofs import Maker
from pam.settings import AdmitSettings, AskSettings
from stacks.acknowledgments import INLINE_POLICY, acknowledge, acknowledge_nist
from stacks.function_platform import FunctionPlatform
from stacks.notifications import Notifications
from stacks.operational_log import OperationalLog
from stacks.pam_function import PamFunction
from stacks.proof_keys import ProofKeys
from stacks.revocation import Revocation
from stacks.session_activator import SessionActivator
from stacks.workflow_handle import WorkflowHandle
from stacks.workflow_states import WorkflowStates


class ApprovalWorkflow(Construct):
    """A Standard workflow in JSONata; six transitions for a production session that goes well.

    No state fails for good before a closing state has tried to leave a closed session behind, and
    whatever even that cannot close, the deadline sweep does. Nothing secret is in any state.
    There is no timeout on the whole: it would end an execution without closing its session, and
    every state is bounded by itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        handle: WorkflowHandle,
        notifications: Notifications,
        proof_keys: ProofKeys,
        activator: SessionActivator,
        revocation: Revocation,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        stack = Stack.of(self)
        self.admit_request = PamFunction(
            self,
            "AdmitRequest",
            platform=platform,
            handler="admit_request",
            description="Asks policy whether a request may go on and opens its session",
            settings=AdmitSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                account=stack.account,
                region=stack.region,
                state_machine_arn=handle.arn,
                tier1_topic_arn=notifications.tier1_topic.topic_arn,
                admission_key_arn=proof_keys.arn(Maker.ADMISSION),
            ),
            timeout=Duration.seconds(15),
        )
        store.grant_take_steps(self.admit_request.role)
        store.grant_see_blocks(self.admit_request.role)
        proof_keys.grant_make(self.admit_request.role, Maker.ADMISSION)
        notifications.grant_alert_tier1(self.admit_request.role)
        # With what an execution was started is what Step Functions says, not who calls.
        handle.grant_describe(self.admit_request.role)

        self.ask_approvers = PamFunction(
            self,
            "AskApprovers",
            platform=platform,
            handler="ask_approvers",
            description="Stores the task token of a waiting session and tells its approvers",
            settings=AskSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                approver_topic_arn=notifications.approver_topic.topic_arn,
            ),
            timeout=Duration.seconds(15),
        )
        store.grant_take_steps(self.ask_approvers.role)
        notifications.grant_ask_approvers(self.ask_approvers.role)
        handle.grant_ask_whether_it_waits(self.ask_approvers.role)
        # The last vote may be in before the token is stored; then this function completes it.
        handle.grant_answer_wait(self.ask_approvers.role)

        states = WorkflowStates(
            self,
            "States",
            admit_request=self.admit_request.function,
            ask_approvers=self.ask_approvers.function,
            activate_session=activator.function.function,
            revoke_session=revocation.function.function,
        )
        role = self._role(
            self.admit_request, self.ask_approvers, activator.function, revocation.function
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=handle.name,
            comment="One privileged session, from the request to its end (MOD-046)",
            definition_body=sfn.DefinitionBody.from_chainable(states.begin),
            query_language=sfn.QueryLanguage.JSONATA,
            # Rights are granted by hand above: the library's own would include every version of
            # every function.
            role=role.without_policy_updates(),
            tracing_enabled=platform.config.traces,
            logs=sfn.LogOptions(
                destination=OperationalLog(
                    self,
                    "Log",
                    # This prefix keeps the account's log resource policy from filling up.
                    name=f"/aws/vendedlogs/states/{handle.name}",
                    key=platform.key,
                    retention_days=platform.config.operational_retention_days,
                ),
                level=sfn.LogLevel.ALL,
                # Reasons and task tokens pass through; the log is for the course of events only.
                include_execution_data=False,
            ),
        )
        if not platform.config.traces:
            acknowledge(self.state_machine, "AwsSolutions-SF2", "`traces` turns them on.")
        self.state_machine.node.add_dependency(role)

    def _role(self, *invoked: PamFunction) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="PAM: the approval workflow invokes its functions",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        )
        for function in invoked:
            function.grant_invoke(role)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "logs:CreateLogDelivery",
                    "logs:DeleteLogDelivery",
                    "logs:DescribeLogGroups",
                    "logs:DescribeResourcePolicies",
                    "logs:GetLogDelivery",
                    "logs:ListLogDeliveries",
                    "logs:PutResourcePolicy",
                    "logs:UpdateLogDelivery",
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:PutTelemetryRecords",
                    "xray:PutTraceSegments",
                ],
                # AWS: log delivery and X-Ray know no resource.
                resources=["*"],
            )
        )
        acknowledge(
            role, "AwsSolutions-IAM5[Resource::*]", "Log delivery and X-Ray know no resource."
        )
        acknowledge_nist(role, INLINE_POLICY)
        return role
