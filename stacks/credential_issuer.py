"""Hands out leases of active sessions: the door that has the power of the leased kinds."""

from constructs import Construct

from pam.names import issuer_role_name
from pam.settings import IssueSettings
from stacks.door_calls import DoorCalls
from stacks.function_platform import FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.pam_function import API_TIMEOUT, PamFunction
from stacks.proof_keys import ProofKeys
from stacks.session_auditor import SessionAuditor
from stacks.target_roles import LEND


class CredentialIssuer(Construct):
    """The one function that a credential leaves. Target roles trust its role by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        auditor: SessionAuditor,
        proof_keys: ProofKeys,
        lent: LentTargets,
        calls: DoorCalls,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        self.function = PamFunction(
            self,
            "IssueCredentials",
            platform=platform,
            handler="issue_credentials",
            description="Leases the credentials of active sessions to their requesters",
            trusted_role=issuer_role_name(platform.env_name),
            settings=IssueSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                calls_table=calls.table.table_name,
                auditor_function=auditor.function.function.function_name,
                **proof_keys.settings(),
                database_sslmode=platform.config.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
                vendors="",
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        role = self.function.role
        store.grant_take_steps(role)
        store.grant_see_blocks(role)
        store.grant_see_grants(role)
        store.grant_see_checkouts(role)
        proof_keys.grant_tell(role)
        calls.grant_note(role)
        # A credential leaves only after its issue record stands in the log: the issuer asks.
        auditor.function.grant_invoke(role)
        lent.databases.grant_lend(role)
        if lent.roles.lent:
            self.function.allow_only_here(*LEND, on=lent.roles.lent)
