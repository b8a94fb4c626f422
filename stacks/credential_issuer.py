"""Makes the access of an approved session and hands out its leases."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import issuer_role_name
from pam.settings import IssueSettings
from stacks.lent_databases import LentDatabases
from stacks.pam_function import API_TIMEOUT, FunctionPlatform, PamFunction
from stacks.session_auditor import SessionAuditor
from stacks.session_store import SessionStore
from stacks.target_roles import TargetRoles


class CredentialIssuer(Construct):
    """The one function that may assume the target roles; they trust its role by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        auditor: SessionAuditor,
        target_roles: TargetRoles,
        databases: LentDatabases,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "IssueCredentials",
            platform=platform,
            handler="issue_credentials",
            description="Activates approved sessions and leases their credentials",
            trusted_role=issuer_role_name(platform.env_name),
            settings=IssueSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                auditor_function=auditor.function.function.function_name,
                database_sslmode=platform.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        session_store.grant_take_steps(self.function.role)
        # Access made for a session that ended meanwhile is unmade where it was made.
        # A credential leaves only after its issue record stands in the log: the issuer asks.
        auditor.function.grant_invoke(self.function.role)
        databases.grant_make(self.function.role)
        if target_roles.lent:
            self.function.role.add_to_principal_policy(
                iam.PolicyStatement(
                    actions=["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
                    resources=list(target_roles.lent),
                )
            )
