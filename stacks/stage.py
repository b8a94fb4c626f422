"""One deployment of PAM: its parts, and which of them know each other."""

from collections.abc import Iterator

from constructs import Construct

from pam.domain.partitions import partition_of
from pam.policy.compiled import CompiledPolicy
from stacks.activity_forwarder import ActivityForwarder, lending_accounts, origins
from stacks.activity_recorder import ActivityRecorder
from stacks.alarms import Alarms
from stacks.approval_workflow import ApprovalWorkflow
from stacks.bundling import Bundles
from stacks.caller_policies import CallerPolicies
from stacks.config import DeployConfig, Rotation
from stacks.credential_issuer import CredentialIssuer
from stacks.dark_calls import DarkCalls
from stacks.dead_letters import DeadLetters
from stacks.deadline_sweep import DeadlineSweep
from stacks.foundation_digest import follow
from stacks.foundation_stack import FoundationStack
from stacks.function_platform import FunctionCode, FunctionPlatform
from stacks.identity_center import IdentityCenter
from stacks.knocking import Knocking
from stacks.lent_targets import LentTargets
from stacks.log_checkpoints import LogCheckpoints
from stacks.notices import Notices
from stacks.okta import Okta
from stacks.parameters import Parameters, SlackParameters
from stacks.proof_keys import ProofKeys
from stacks.request_api import RequestApi
from stacks.revocation import Revocation
from stacks.runbooks import Runbooks
from stacks.searches import Searches
from stacks.secret_rotation import SecretRotation
from stacks.service_stack import ServiceStack
from stacks.session_activator import SessionActivator
from stacks.session_auditor import SessionAuditor
from stacks.slack import Slack
from stacks.store_watch import StoreWatch
from stacks.tags import tag_deployment, tag_roles_as_owned
from stacks.vendor_functions import VendorFunctions
from stacks.witness_stack import WitnessStack
from stacks.workflow_handle import WorkflowHandle


class PamStage(Construct):
    """Two stacks: the foundation keeps, the service works. A third, where another account is named,
    witnesses; and one for each place from where activity is forwarded. The parts of the service
    are made here, each with what it may use.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DeployConfig,
        policy: CompiledPolicy,
        bundles: Bundles,
    ) -> None:
        super().__init__(scope, construct_id)
        kept = FoundationStack(self, "Foundation", config=config)
        calls, notifications = kept.calls, kept.notifications
        service = ServiceStack(self, "Service", config=config)
        service.add_stack_dependency(kept, "its functions run in roles of the foundation")
        # In this stack, because their policies name its roles.
        proof_keys = ProofKeys(
            service, "ProofKeys", env_name=config.env_name, slack=config.slack.on
        )
        handle = WorkflowHandle(service, config.env_name)
        platform = FunctionPlatform(
            config=config,
            code=FunctionCode(bundles),
            key=kept.key,
            session_store=kept.session_store,
            dead_letters=DeadLetters(service, "DeadLetters", key=kept.key),
            undelivered=kept.undelivered,
        )
        lent = LentTargets.of_catalogue(service, policy)
        if config.rotation is not Rotation.NONE:
            rotation = SecretRotation(service, "Rotation", platform=platform, lent=lent)
            lent = lent.rotated_by(rotation.function)

        # The record, and its witness.
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
            code = FunctionCode(bundles)
            witness = WitnessStack(self, "Witness", config=config, log=service, code=code)
        checkpoints = LogCheckpoints(
            service,
            "Checkpoints",
            platform=platform,
            archive=kept.archive,
            signing_key=kept.signing_key,
            witness=witness,
        )

        # Access: who makes it, who ends it, and who looks for what is overdue or was changed.
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
        revocation = Revocation(service, "Revocation", platform=platform, handle=handle, lent=lent)
        notices = Notices(service, "Notices", platform=platform, notifications=notifications)
        sweep = DeadlineSweep(
            service, "Sweep", platform=platform, revocation=revocation, notices=notices
        )
        store_watch = StoreWatch(service, "StoreWatch", platform=platform, proof_keys=proof_keys)
        recorder = ActivityRecorder(
            service,
            "Activity",
            platform=platform,
            lent=lent,
            lending_accounts=lending_accounts(config, policy),
        )
        for origin in origins(config, policy):
            place = "".join(filter(None, (origin.region, origin.account)))
            ActivityForwarder(self, f"Activity{place}", config=config, policy=policy, origin=origin)
        Searches(
            service,
            "Searches",
            env_name=config.env_name,
            revocation=revocation,
            vendors=bool(config.vendors),
        )
        for vendor in _vendors(service, platform, proof_keys, kept, policy):
            vendor.grant_use(activator.function, revocation.function)

        # The way in, and who looks for calls that did not come by it.
        workflow = ApprovalWorkflow(
            service,
            "Workflow",
            platform=platform,
            handle=handle,
            notifications=notifications,
            proof_keys=proof_keys,
            activator=activator,
            revocation=revocation,
        )
        api = RequestApi(
            service,
            "RequestApi",
            platform=platform,
            handle=handle,
            proof_keys=proof_keys,
            issuer=issuer,
            revocation=revocation,
            calls=calls,
            notifications=notifications,
            knocking=Knocking.listed(policy, partition_of(config.region)),
        )
        slack = None
        if config.slack.on:
            slack = Slack(
                service,
                "Slack",
                platform=platform,
                notifications=notifications,
                proof_keys=proof_keys,
                handle=handle,
                revocation=revocation,
                calls=calls,
            )
        if config.runbooks:
            Runbooks(service, "Runbooks", env_name=config.env_name, handle=handle)
        CallerPolicies(service, "Callers", env_name=config.env_name, request_api=api)
        doors = (slack.door,) if slack else ()
        calling = (api, issuer, activator, revocation, sweep, checkpoints, *doors)
        dark_calls = DarkCalls(
            service,
            "DarkCalls",
            platform=platform,
            calls=calls,
            access_logs=(api.access_log, *((slack.api.access_log,) if slack else ())),
            own_roles=(workflow.state_machine.role, *(each.function.role for each in calling)),
        )
        recording = (api, issuer, activator, revocation, recorder, dark_calls, *doors)
        auditor.precede(workflow.admit_request, *(each.function for each in recording))

        # What others see of it.
        Alarms(
            service,
            "Alarms",
            platform=platform,
            sweep=sweep,
            checkpoints=checkpoints,
            dark_calls=dark_calls,
            workflow=workflow,
            auditor=auditor,
            store_watch=store_watch,
            recorder=recorder,
            foundation=kept,
            slack=slack,
        )
        Parameters(service, "Parameters", foundation=kept, workflow=workflow, request_api=api)
        if slack:
            SlackParameters(service, "SlackParameters", env_name=config.env_name, api=slack.api)
        tag_deployment(self, config.env_name)
        tag_roles_as_owned(self)
        follow(service, kept)


def _vendors(
    service: ServiceStack,
    platform: FunctionPlatform,
    proof_keys: ProofKeys,
    kept: FoundationStack,
    policy: CompiledPolicy,
) -> Iterator[VendorFunctions]:
    """Each where the deployment has a section of it, and nothing of it elsewhere."""
    config = platform.config
    if config.identity_center is not None:
        yield IdentityCenter(
            service,
            "IdentityCenter",
            platform=platform,
            proof_keys=proof_keys,
            policy=policy,
            config=config.identity_center,
        )
    if config.okta is not None and kept.okta_keys is not None:
        yield Okta(
            service,
            "Okta",
            platform=platform,
            proof_keys=proof_keys,
            keys=kept.okta_keys,
            config=config.okta,
        )
