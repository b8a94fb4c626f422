"""Makes the access of an approved session, for the workflow; hands out none of it."""

from constructs import Construct

from pam.domain.proofs import Maker
from pam.names import activator_role_name
from pam.settings import GateSettings
from stacks.lent_databases import LentDatabases
from stacks.pam_function import API_TIMEOUT, FunctionPlatform, PamFunction
from stacks.proof_keys import ProofKeys
from stacks.session_store import SessionStore
from stacks.target_roles import LEND, TargetRoles


class SessionActivator(Construct):
    """A power: it knows no callers, and its answer holds no credential."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        proof_keys: ProofKeys,
        target_roles: TargetRoles,
        databases: LentDatabases,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "ActivateSession",
            platform=platform,
            handler="activate_session",
            description="Makes the access of approved sessions",
            trusted_role=activator_role_name(platform.env_name),
            settings=GateSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                door_key_arn=proof_keys.arn(Maker.DOOR),
                admission_key_arn=proof_keys.arn(Maker.ADMISSION),
                activation_key_arn=proof_keys.arn(Maker.ACTIVATION),
                database_sslmode=platform.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        role = self.function.role
        session_store.grant_take_steps(role)
        session_store.grant_see_blocks(role)
        session_store.grant_see_delivered(role)
        session_store.grant_give(role)
        session_store.grant_check_out(role)
        proof_keys.grant_tell(role)
        proof_keys.grant_make(role, Maker.ACTIVATION)
        # Access made for a session that ended meanwhile is unmade where it was made.
        databases.grant_make(role)
        if target_roles.lent:
            self.function.allow_only_here(*LEND, on=target_roles.lent)
