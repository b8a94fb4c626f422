"""Makes the access of an approved session, for the workflow; hands out none of it."""

from constructs import Construct

from pam.domain.proofs import Maker
from pam.names import activator_role_name
from pam.settings import GateSettings
from stacks.function_platform import FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.pam_function import API_TIMEOUT, PamFunction
from stacks.proof_keys import ProofKeys
from stacks.target_roles import LEND


class SessionActivator(Construct):
    """A power: it knows no callers, and its answer holds no credential."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        proof_keys: ProofKeys,
        lent: LentTargets,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        self.function = PamFunction(
            self,
            "ActivateSession",
            platform=platform,
            handler="activate_session",
            description="Makes the access of approved sessions",
            trusted_role=activator_role_name(platform.env_name),
            settings=GateSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                **proof_keys.settings(),
                database_sslmode=platform.config.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
                vendors=platform.vendors,
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        role = self.function.role
        store.grant_take_steps(role)
        store.grant_see_blocks(role)
        store.grant_see_delivered(role)
        store.grant_give(role)
        store.grant_check_out(role)
        store.grant_see_links(role)
        proof_keys.grant_tell(role)
        proof_keys.grant_make(role, Maker.ACTIVATION)
        # Access made for a session that ended meanwhile is unmade where it was made.
        lent.databases.grant_make(role)
        if lent.roles.lent:
            self.function.allow_only_here(*LEND, on=lent.roles.lent)
