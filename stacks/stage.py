"""One deployment of PAM: its parts, and which of them know each other."""

from aws_cdk import Tags
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pam.names import OWNED_TAG, OWNED_VALUE, Parameter
from pam.policy.compiled import CompiledPolicy
from stacks.activity_recorder import ActivityRecorder
from stacks.alarms import Alarms
from stacks.approval_workflow import ApprovalWorkflow
from stacks.audit_archive import AuditArchive
from stacks.audit_log import AuditLog
from stacks.audit_reader import AuditReader
from stacks.bundling import DATABASE_CA, Bundle, BundleTarget
from stacks.config import DeployConfig, Rotation
from stacks.credential_issuer import CredentialIssuer
from stacks.dark_calls import DarkCalls
from stacks.dead_letters import DeadLetters
from stacks.deadline_sweep import DeadlineSweep
from stacks.door_calls import DoorCalls
from stacks.encryption_key import EncryptionKey
from stacks.foundation_stack import FoundationStack
from stacks.lent_databases import LentDatabases
from stacks.log_checkpoints import LogCheckpoints
from stacks.notices import Notices
from stacks.notifications import Notifications
from stacks.pam_function import FunctionPlatform, Network
from stacks.parameters import Parameters
from stacks.proof_keys import ProofKeys
from stacks.request_api import RequestApi
from stacks.revocation import Revocation
from stacks.searches import Searches
from stacks.secret_rotation import SecretRotation
from stacks.service_stack import ServiceStack
from stacks.session_activator import SessionActivator
from stacks.session_auditor import SessionAuditor
from stacks.session_store import SessionStore
from stacks.signing_key import ECDSA_P256, SigningKey
from stacks.store_watch import StoreWatch
from stacks.target_roles import TargetRoles
from stacks.trusted_roles import TrustedRoles
from stacks.witness_stack import WitnessStack, witness_arn
from stacks.workflow_handle import WorkflowHandle


class PamStage(Construct):
    """Two stacks: the foundation keeps, the service works."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DeployConfig,
        policy: CompiledPolicy,
        bundle: Bundle,
        target: BundleTarget,
    ) -> None:
        super().__init__(scope, construct_id)
        env_name = config.env_name

        foundation = FoundationStack(self, "Foundation", config=config)
        key = EncryptionKey(foundation, "Key", env_name=env_name, retain=config.retain_data)
        session_store = SessionStore(
            foundation, "Sessions", env_name=env_name, key=key, retain=config.retain_data
        )
        calls = DoorCalls(foundation, "Calls", key=key, retain=config.retain_data)
        audit_log = AuditLog(
            foundation,
            "AuditLog",
            env_name=env_name,
            key=key,
            retention_days=config.audit_retention_days,
            retain=config.retain_data,
        )
        archive = AuditArchive(
            foundation,
            "AuditArchive",
            env_name=env_name,
            key=key,
            retention_days=config.archive_retention_days,
        )
        signing_key = SigningKey(
            foundation,
            "LogKey",
            spec=ECDSA_P256,
            alias=f"pam-{env_name}-log",
            description=f"PAM (MOD-046) {env_name}: signs checkpoints of the audit log",
            retain=config.retain_data,
        )
        AuditReader(
            foundation,
            "AuditReader",
            env_name=env_name,
            session_store=session_store,
            audit_log=audit_log,
            archive=archive,
            signing_key=signing_key,
            key=key,
        )
        notifications = Notifications(foundation, "Notifications", env_name=env_name, key=key)
        TrustedRoles(foundation, "TrustedRoles", env_name=env_name)

        service = ServiceStack(self, "Service", config=config)
        service.add_stack_dependency(foundation, "its functions run in roles of the foundation")
        platform = FunctionPlatform(
            env_name=env_name,
            code=lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.digest),
            runtime=lambda_.Runtime(f"python{target.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.custom(target.machine),
            key=key,
            log_retention_days=config.operational_retention_days,
            network=Network(
                subnet_ids=config.vpc_subnet_ids,
                security_group_ids=config.vpc_security_group_ids,
            ),
            database_sslmode=config.database_sslmode,
            database_root_certificate=DATABASE_CA if config.database_ca else "system",
        )
        target_roles = TargetRoles.of_catalogue(service, policy)
        databases = LentDatabases.of_catalogue(service, policy)
        if config.rotation is not Rotation.NONE:
            rotation = SecretRotation(
                service, "Rotation", platform=platform, config=config, databases=databases
            )
            databases = databases.rotated_by(rotation.function)
        # In this stack, because their policies name its roles.
        proof_keys = ProofKeys(service, "ProofKeys", env_name=env_name)
        workflow = WorkflowHandle(service, env_name)
        dead_letters = DeadLetters(service, "DeadLetters", key=key)
        auditor = SessionAuditor(
            service,
            "Auditor",
            platform=platform,
            session_store=session_store,
            audit_log=audit_log,
            archive=archive,
            notifications=notifications,
            dead_letters=dead_letters,
        )
        witness_function = ""
        if config.witness_account is not None:
            WitnessStack(
                self,
                "Witness",
                config=config,
                log_account=service.account,
                code=lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.digest),
                runtime=platform.runtime,
                architecture=platform.architecture,
            )
            witness_function = witness_arn(service, config)
        checkpoints = LogCheckpoints(
            service,
            "Checkpoints",
            platform=platform,
            every_minutes=config.checkpoint_minutes,
            session_store=session_store,
            archive=archive,
            signing_key=signing_key,
            witness_function=witness_function,
            dead_letters=dead_letters,
        )
        issuer = CredentialIssuer(
            service,
            "Issuer",
            platform=platform,
            session_store=session_store,
            auditor=auditor,
            proof_keys=proof_keys,
            target_roles=target_roles,
            databases=databases,
            calls=calls,
        )
        activator = SessionActivator(
            service,
            "Activator",
            platform=platform,
            session_store=session_store,
            proof_keys=proof_keys,
            target_roles=target_roles,
            databases=databases,
        )
        revocation = Revocation(
            service,
            "Revocation",
            platform=platform,
            session_store=session_store,
            workflow=workflow,
            target_roles=target_roles,
            databases=databases,
            dead_letters=dead_letters,
        )
        notices = Notices(
            service,
            "Notices",
            platform=platform,
            session_store=session_store,
            notifications=notifications,
            dead_letters=dead_letters,
        )
        sweep = DeadlineSweep(
            service,
            "Sweep",
            platform=platform,
            session_store=session_store,
            revocation=revocation,
            notices=notices,
            dead_letters=dead_letters,
        )
        StoreWatch(
            service,
            "StoreWatch",
            platform=platform,
            session_store=session_store,
            proof_keys=proof_keys,
            dead_letters=dead_letters,
        )
        recorder = ActivityRecorder(
            service,
            "Activity",
            config=config,
            platform=platform,
            session_store=session_store,
            target_roles=target_roles,
            databases=databases,
            dead_letters=dead_letters,
        )
        Searches(service, "Searches", env_name=env_name, revocation=revocation)
        approval_workflow = ApprovalWorkflow(
            service,
            "Workflow",
            platform=platform,
            handle=workflow,
            session_store=session_store,
            notifications=notifications,
            proof_keys=proof_keys,
            activator=activator,
            revocation=revocation,
        )
        request_api = RequestApi(
            service,
            "RequestApi",
            config=config,
            platform=platform,
            session_store=session_store,
            workflow=workflow,
            proof_keys=proof_keys,
            issuer=issuer,
            revocation=revocation,
            calls=calls,
            notifications=notifications,
        )
        dark_calls = DarkCalls(
            service,
            "DarkCalls",
            config=config,
            platform=platform,
            session_store=session_store,
            calls=calls,
            access_log=request_api.access_log,
            own_roles=(
                approval_workflow.state_machine.role,
                *(
                    caller.function.role
                    for caller in (request_api, issuer, activator, revocation, sweep, checkpoints)
                ),
            ),
            dead_letters=dead_letters,
        )
        auditor.precede(
            request_api.function,
            approval_workflow.admit_request,
            issuer.function,
            activator.function,
            revocation.function,
            recorder.function,
            dark_calls.function,
        )
        Alarms(
            service,
            "Alarms",
            env_name=env_name,
            functions={
                "tick": sweep.function,
                "checkpoint_log": checkpoints.function,
                "find_dark_calls": dark_calls.function,
            },
            dead_letters=dead_letters,
            notifications=notifications,
            checkpoint_minutes=config.checkpoint_minutes,
            audit_log=audit_log,
            session_store=session_store,
            workflow=approval_workflow,
        )
        Parameters(
            service,
            "Parameters",
            env_name=env_name,
            values={
                Parameter.APPROVAL_WORKFLOW_ARN: approval_workflow.state_machine.state_machine_arn,
                Parameter.REQUEST_API_ENDPOINT: request_api.endpoint,
                Parameter.SESSION_STORE_TABLE_NAME: session_store.table.table_name,
                Parameter.AUDIT_LOG_GROUP_ARN: audit_log.arn,
                Parameter.EVENTS_BUS_NAME: notifications.bus.event_bus_name,
                Parameter.APPROVER_TOPIC_ARN: notifications.approver_topic.topic_arn,
                Parameter.REQUESTER_TOPIC_ARN: notifications.requester_topic.topic_arn,
                Parameter.TIER1_TOPIC_ARN: notifications.tier1_topic.topic_arn,
                Parameter.AUDIT_ARCHIVE_BUCKET: archive.bucket.bucket_name,
                Parameter.AUDIT_SIGNING_KEY_ARN: signing_key.key.key_arn,
            },
        )
        Tags.of(self).add("module", "MOD-046")
        Tags.of(self).add("system", "SD07")
        Tags.of(self).add("environment", env_name)
        # No lease may change a role of PAM's own.
        Tags.of(self).add(OWNED_TAG, OWNED_VALUE, include_resource_types=["AWS::IAM::Role"])
