"""One deployment of PAM: its parts, and which of them know each other."""

from constructs import Construct

from pam.policy.compiled import CompiledPolicy
from stacks.activity_recorder import ActivityRecorder
from stacks.alarms import Alarms
from stacks.approval_workflow import ApprovalWorkflow
from stacks.bundling import Bundle, BundleTarget
from stacks.config import DeployConfig, Rotation
from stacks.credential_issuer import CredentialIssuer
from stacks.dark_calls import DarkCalls
from stacks.dead_letters import DeadLetters
from stacks.deadline_sweep import DeadlineSweep
from stacks.foundation_stack import FoundationStack
from stacks.function_platform import FunctionCode, FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.log_checkpoints import LogCheckpoints
from stacks.notices import Notices
from stacks.parameters import Parameters
from stacks.proof_keys import ProofKeys
from stacks.request_api import RequestApi
from stacks.revocation import Revocation
from stacks.searches import Searches
from stacks.secret_rotation import SecretRotation
from stacks.service_stack import ServiceStack
from stacks.session_activator import SessionActivator
from stacks.session_auditor import SessionAuditor
from stacks.store_watch import StoreWatch
from stacks.tags import tag_deployment, tag_roles_as_owned
from stacks.witness_stack import WitnessStack
from stacks.workflow_handle import WorkflowHandle


class PamStage(Construct):
    """Two stacks: the foundation keeps, the service works. A third, in another account, witnesses.

    The parts of the foundation know only each other. What is made here are the parts of the
    service, in an order in which each is handed what it may use.
    """

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
        kept = FoundationStack(self, "Foundation", config=config)
        calls, notifications = kept.calls, kept.notifications
        service = ServiceStack(self, "Service", config=config)
        service.add_stack_dependency(kept, "its functions run in roles of the foundation")

        # In this stack, because their policies name its roles.
        proof_keys = ProofKeys(service, "ProofKeys", env_name=config.env_name)
        workflow = WorkflowHandle(service, config.env_name)
        platform = FunctionPlatform(
            config=config,
            code=FunctionCode.of(bundle, target),
            key=kept.key,
            session_store=kept.session_store,
            dead_letters=DeadLetters(service, "DeadLetters", key=kept.key),
        )
        lent = LentTargets.of_catalogue(service, policy)
        if config.rotation is not Rotation.NONE:
            rotation = SecretRotation(
                service, "Rotation", platform=platform, databases=lent.databases
            )
            lent = lent.rotated_by(rotation.function)

        # What is recorded, and who watches the record.
        auditor = SessionAuditor(
            service,
            "Auditor",
            platform=platform,
            audit_log=kept.audit_log,
            archive=kept.archive,
            notifications=notifications,
        )
        witness = None
        if config.witness_account is not None:
            code = FunctionCode.of(bundle, target)
            witness = WitnessStack(self, "Witness", config=config, log=service, code=code)
        checkpoints = LogCheckpoints(
            service,
            "Checkpoints",
            platform=platform,
            archive=kept.archive,
            signing_key=kept.signing_key,
            witness=witness,
        )

        # Access, made and unmade.
        issuer = CredentialIssuer(
            service,
            "Issuer",
            platform=platform,
            auditor=auditor,
            proof_keys=proof_keys,
            lent=lent,
            calls=calls,
        )
        activator = SessionActivator(
            service, "Activator", platform=platform, proof_keys=proof_keys, lent=lent
        )
        revocation = Revocation(
            service, "Revocation", platform=platform, workflow=workflow, lent=lent
        )
        notices = Notices(service, "Notices", platform=platform, notifications=notifications)
        sweep = DeadlineSweep(
            service, "Sweep", platform=platform, revocation=revocation, notices=notices
        )
        StoreWatch(service, "StoreWatch", platform=platform, proof_keys=proof_keys)
        recorder = ActivityRecorder(service, "Activity", platform=platform, lent=lent)
        Searches(service, "Searches", env_name=config.env_name, revocation=revocation)

        # The way of a request.
        approval_workflow = ApprovalWorkflow(
            service,
            "Workflow",
            platform=platform,
            handle=workflow,
            notifications=notifications,
            proof_keys=proof_keys,
            activator=activator,
            revocation=revocation,
        )
        request_api = RequestApi(
            service,
            "RequestApi",
            platform=platform,
            workflow=workflow,
            proof_keys=proof_keys,
            issuer=issuer,
            revocation=revocation,
            calls=calls,
            notifications=notifications,
        )
        callers = (request_api, issuer, activator, revocation, sweep, checkpoints)
        own_roles = (approval_workflow.state_machine.role, *(c.function.role for c in callers))
        dark_calls = DarkCalls(
            service,
            "DarkCalls",
            platform=platform,
            calls=calls,
            access_log=request_api.access_log,
            own_roles=own_roles,
        )
        recording = (request_api, issuer, activator, revocation, recorder, dark_calls)
        auditor.precede(approval_workflow.admit_request, *(each.function for each in recording))

        # What people see of it.
        Alarms(
            service,
            "Alarms",
            platform=platform,
            sweep=sweep,
            checkpoints=checkpoints,
            dark_calls=dark_calls,
            workflow=approval_workflow,
            audit_log=kept.audit_log,
            notifications=notifications,
        )
        Parameters(
            service,
            "Parameters",
            env_name=config.env_name,
            foundation=kept,
            workflow=approval_workflow,
            request_api=request_api,
        )
        tag_deployment(self, config.env_name)
        tag_roles_as_owned(self)
