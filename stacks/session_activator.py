"""Makes the access of an approved session, for the workflow; hands out none of it."""

from constructs import Construct

from pam.names import activator_role_name
from pam.settings import TargetSettings
from stacks.lent_databases import LentDatabases
from stacks.pam_function import API_TIMEOUT, FunctionPlatform, PamFunction
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
            settings=TargetSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                database_sslmode=platform.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        session_store.grant_take_steps(self.function.role)
        # Access made for a session that ended meanwhile is unmade where it was made.
        databases.grant_make(self.function.role)
        if target_roles.lent:
            self.function.allow_only_here(*LEND, on=target_roles.lent)
