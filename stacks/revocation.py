"""Ends sessions: on the clock, on an operator's word, when given back, and after a failure."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import revocation_role_name
from pam.settings import RevokeSettings
from stacks.dead_letters import DeadLetters
from stacks.lent_databases import LentDatabases
from stacks.pam_function import API_TIMEOUT, FunctionPlatform, PamFunction
from stacks.session_store import SessionStore
from stacks.target_roles import TargetRoles
from stacks.workflow_handle import WorkflowHandle


class Revocation(Construct):
    """The one function that may assume the revoker roles; they trust its role by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        workflow: WorkflowHandle,
        target_roles: TargetRoles,
        databases: LentDatabases,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.function = PamFunction(
            self,
            "RevokeSession",
            platform=platform,
            handler="revoke_session",
            description="Takes access back, confirms it at the target and closes the session",
            trusted_role=revocation_role_name(platform.env_name),
            settings=RevokeSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                account=stack.account,
                region=stack.region,
                database_sslmode=platform.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        role = self.function.role
        session_store.grant_take_steps(role)
        session_store.grant_let_go(role)
        workflow.grant_stop(role)
        workflow.grant_fail_wait(role)
        databases.grant_make_and_unmake(role)
        dead_letters.receive_from(self.function, retries=2)
        if target_roles.revokers:
            role.add_to_principal_policy(
                iam.PolicyStatement(
                    actions=["sts:AssumeRole"], resources=list(target_roles.revokers)
                )
            )
