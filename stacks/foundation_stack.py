"""The stack that holds what must outlast every deployment: data, evidence, subscriptions, trust."""

import aws_cdk as cdk
from constructs import Construct

from stacks.audit_archive import AuditArchive
from stacks.audit_log import AuditLog
from stacks.audit_reader import AuditReader
from stacks.config import DeployConfig
from stacks.door_calls import DoorCalls
from stacks.encryption_key import EncryptionKey
from stacks.gateway_logging import GatewayLogging
from stacks.keeping import Keeping
from stacks.notifications import Notifications
from stacks.okta_keys import OktaKeys
from stacks.session_store import SessionStore
from stacks.signing_key import ECDSA_P256, SigningKey
from stacks.synthesizers import synthesizer_of
from stacks.trusted_roles import TrustedRoles
from stacks.undelivered_events import UndeliveredEvents


class FoundationStack(cdk.Stack):
    """Where data is retained, the stack refuses deletion, and its contents would survive one."""

    def __init__(self, scope: Construct, construct_id: str, *, config: DeployConfig) -> None:
        env_name, keeping = config.env_name, Keeping.of(config)
        super().__init__(
            scope,
            construct_id,
            stack_name=f"pam-{env_name}-foundation",
            description=f"PAM (MOD-046) {env_name}: sessions, audit log, notices",
            env=cdk.Environment(account=config.account, region=config.region),
            synthesizer=synthesizer_of(config),
            termination_protection=keeping.protected,
        )
        self.env_name = env_name
        self.key = key = EncryptionKey(self, "Key", env_name=env_name, keeping=keeping)
        self.session_store = SessionStore(
            self,
            "Sessions",
            env_name=env_name,
            key=key,
            keeping=keeping,
            without=config.unused_tables,
        )
        self.calls = DoorCalls(self, "Calls", key=key, keeping=keeping)
        self.audit_log = AuditLog(
            self,
            "AuditLog",
            env_name=env_name,
            key=key,
            retention_days=config.audit_retention_days,
            keeping=keeping,
        )
        self.archive = AuditArchive(
            self,
            "AuditArchive",
            env_name=env_name,
            key=key,
            retention_days=config.archive_retention_days,
            keeping=keeping,
        )
        self.signing_key = SigningKey(
            self,
            "LogKey",
            spec=ECDSA_P256,
            alias=f"pam-{env_name}-log",
            description=f"PAM (MOD-046) {env_name}: signs checkpoints of the audit log",
            keeping=keeping,
        )
        self.okta_keys = None
        if config.okta is not None:
            self.okta_keys = OktaKeys(self, "OktaKeys", env_name=env_name, keeping=keeping)
        AuditReader(
            self,
            "AuditReader",
            env_name=env_name,
            session_store=self.session_store,
            audit_log=self.audit_log,
            archive=self.archive,
            signing_key=self.signing_key,
            key=key,
        )
        self.undelivered = UndeliveredEvents(self, "Undelivered", env_name=env_name)
        self.notifications = Notifications(
            self,
            "Notifications",
            env_name=env_name,
            key=key,
            undelivered=self.undelivered,
            notify=config.notify,
        )
        TrustedRoles(self, "TrustedRoles", env_name=env_name)
        if config.account_api_logging:
            all_else = [each for each in self.node.children if Construct.is_construct(each)]
            GatewayLogging(self, "GatewayLogging", env_name=env_name, after=all_else)
