"""The approval workflow by name, for functions that it calls and that call it."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import state_machine_name
from stacks.acknowledgments import acknowledge, as_found

RUNBOOK_EXECUTIONS = "runbook-"
"""With this the names begin of executions that the documents under `runbooks/` start."""


class WorkflowHandle:
    """Grants on a state machine that does not exist yet.

    The machine invokes functions that may start, answer or stop it; written with references, that
    is a circle, so its name is fixed first and everything else follows from it.
    """

    def __init__(self, scope: Construct, env_name: str) -> None:
        self.name = state_machine_name(env_name)
        self.arn = _states_arn(scope, "stateMachine", self.name)
        self._executions = _states_arn(scope, "execution", f"{self.name}:*")

    def grant_start(self, role: iam.IRole) -> None:
        _allow(role, self.arn, "states:StartExecution")

    def grant_answer_wait(self, role: iam.IRole) -> None:
        """Complete or fail the task token that an execution waits on."""
        _allow(role, self.arn, "states:SendTaskFailure", "states:SendTaskSuccess")

    def grant_fail_wait(self, role: iam.IRole) -> None:
        _allow(role, self.arn, "states:SendTaskFailure")

    def grant_ask_whether_it_waits(self, role: iam.IRole) -> None:
        _allow(role, self.arn, "states:SendTaskHeartbeat")

    def grant_describe_runbooks(self, role: iam.IRole) -> None:
        """Executions that a runbook started, by the beginning of their names, and no others."""
        executions = self._executions.removesuffix("*") + f"{RUNBOOK_EXECUTIONS}*"
        _allow(role, executions, "states:DescribeExecution")
        acknowledge(
            role,
            f"AwsSolutions-IAM5[Resource::{as_found(role, executions)}]",
            "What a runbook starts is named after a session that is still to come.",
        )

    def grant_stop(self, role: iam.IRole) -> None:
        self._allow_executions(role, "states:StopExecution")

    def grant_describe(self, role: iam.IRole) -> None:
        """With what an execution was started."""
        self._allow_executions(role, "states:DescribeExecution")

    def grant_read_history(self, role: iam.IRole) -> None:
        """And what became of it."""
        self._allow_executions(role, "states:DescribeExecution", "states:GetExecutionHistory")

    def _allow_executions(self, role: iam.IRole, *actions: str) -> None:
        """Any execution of this machine: they are named after sessions that are still to come."""
        _allow(role, self._executions, *actions)
        acknowledge(
            role,
            f"AwsSolutions-IAM5[Resource::{as_found(role, self._executions)}]",
            "Executions of this one machine are named after sessions that are still to come.",
        )


def _states_arn(scope: Construct, resource: str, name: str) -> str:
    return Stack.of(scope).format_arn(
        service="states",
        resource=resource,
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _allow(role: iam.IRole, resource: str, *actions: str) -> None:
    role.add_to_principal_policy(iam.PolicyStatement(actions=list(actions), resources=[resource]))
