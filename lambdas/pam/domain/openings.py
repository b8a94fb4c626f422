"""Calls by which a session makes credentials, or lets others in, beyond its own end.

Most are what some role is lent for, so they are neither prevented nor a fault: they are told, and
somebody can see afterwards what stayed. Those of IAM and STS every lease denies; that one of them
succeeded tells more.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fence(StrEnum):
    """Which lease denies the call."""

    EVERY = "every lease"
    UNLESS_IAM = "every lease but one of a role that is lent for changing IAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    reason: str
    fence: Fence | None = None


def opening(action: str, parameters: object) -> Opening | None:
    """`action`: service and event name, as CloudTrail tells them, joined by a colon. `parameters`:
    the request's, of which no more is asked than whether some are there.
    """
    service, _, name = _without_version(action).partition(":")
    if service in _READS:
        return None if _READS[service].match(name) else _of_identity(service, name)
    reason = _REASONS.get(f"{service}:{name}") or (_POLICY if _POLICIES.fullmatch(name) else "")
    wanted = _ONLY_WITH.get(f"{service}:{name}", ())
    # CloudTrail leaves parameters out that are too long; then nobody can say that it was harmless.
    harmless = isinstance(parameters, Mapping) and not any(_has(parameters, at) for at in wanted)
    return None if not reason or (wanted and harmless) else Opening(reason=reason)


_POLICY = "lets others in by a policy of the resource"
_SHARE = "gives others a copy, or a share, of the resource"
_CODE = "makes or changes what runs with a role of its own"
_SHELL = "opens a way into a machine"
_LOGIN = "makes a login, a key or a token that is no lease"
_MAPPING = "maps identities to rights elsewhere"
_HIDES = "hides what is done"

_OPENED_BY: Mapping[str, str] = {
    _POLICY: """
        s3:PutBucketPolicy s3:PutBucketAcl s3:PutObjectAcl s3:DeleteBucketPublicAccessBlock
        s3:PutBucketPublicAccessBlock s3:CreateAccessPoint s3:PutAccessPointPolicy
        s3:PutMultiRegionAccessPointPolicy s3:CreateAccessGrant s3:CreateAccessGrantsLocation
        s3:PutAccountPublicAccessBlock s3:DeleteAccountPublicAccessBlock s3:PutBucketReplication
        kms:PutKeyPolicy kms:CreateGrant kms:ReplicateKey
        lambda:AddPermission lambda:AddLayerVersionPermission lambda:CreateFunctionUrlConfig
        lambda:UpdateFunctionUrlConfig
        sqs:AddPermission sqs:SetQueueAttributes sqs:CreateQueue sns:AddPermission
        sns:SetTopicAttributes sns:CreateTopic sns:PutDataProtectionPolicy
        ecr:SetRepositoryPolicy ecr:PutRegistryPolicy ecr:PutReplicationConfiguration
        ecr-public:SetRepositoryPolicy
        secretsmanager:PutResourcePolicy secretsmanager:ReplicateSecretToRegions
        ssm:PutResourcePolicy ssm:ModifyDocumentPermission
        dynamodb:PutResourcePolicy dynamodb:CreateTable
        events:PutPermission events:PutRule events:PutTargets events:CreateEventBus
        logs:PutResourcePolicy logs:PutDestinationPolicy logs:PutSubscriptionFilter
        apigateway:UpdateRestApi apigateway:CreateRestApi apigateway:PutRestApi
        apigateway:ImportRestApi apigateway:CreateApiKey apigateway:CreateAuthorizer
        elasticfilesystem:PutFileSystemPolicy es:UpdateElasticsearchDomainConfig
        es:UpdateDomainConfig glue:PutResourcePolicy kinesis:PutResourcePolicy
        lakeformation:GrantPermissions lakeformation:BatchGrantPermissions
        backup:PutBackupVaultAccessPolicy codeartifact:PutDomainPermissionsPolicy
        codeartifact:PutRepositoryPermissionsPolicy codebuild:PutResourcePolicy
        acm-pca:PutPolicy acm-pca:CreatePermission redshift:PutResourcePolicy
        redshift:AuthorizeEndpointAccess schemas:PutResourcePolicy ses:PutIdentityPolicy
        glacier:SetVaultAccessPolicy
        ec2:ModifyVpcEndpoint ec2:CreateVpcEndpoint ec2:ModifyVpcEndpointServicePermissions""",
    _SHARE: """
        ram:CreateResourceShare ram:AssociateResourceShare ram:AssociateResourceSharePermission
        ec2:ModifySnapshotAttribute ec2:ModifyImageAttribute ec2:ModifyFpgaImageAttribute
        ec2:CreateVpcPeeringConnection ec2:AcceptVpcPeeringConnection
        ec2:DisableSnapshotBlockPublicAccess ec2:DisableImageBlockPublicAccess
        rds:ModifyDBSnapshotAttribute rds:ModifyDBClusterSnapshotAttribute
        rds:StartExportTask rds:CopyDBSnapshot rds:CopyDBClusterSnapshot
        redshift:AuthorizeSnapshotAccess redshift:AuthorizeDataShare
        backup:StartCopyJob backup:CreateBackupPlan backup:UpdateBackupPlan
        backup:UpdateGlobalSettings dynamodb:ExportTableToPointInTime datasync:CreateTask
        s3:CreateJob""",
    _CODE: """
        lambda:CreateFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration
        lambda:CreateEventSourceMapping lambda:UpdateEventSourceMapping
        lambda:PublishLayerVersion ec2:RunInstances ec2:ModifyInstanceAttribute
        ec2:AssociateIamInstanceProfile ec2:ReplaceIamInstanceProfileAssociation
        ec2:CreateLaunchTemplate ec2:CreateLaunchTemplateVersion ec2:RequestSpotInstances
        autoscaling:CreateLaunchConfiguration autoscaling:CreateAutoScalingGroup
        ecs:RegisterTaskDefinition ecs:RunTask ecs:StartTask ecs:CreateService ecs:UpdateService
        batch:RegisterJobDefinition batch:SubmitJob scheduler:CreateSchedule
        scheduler:UpdateSchedule states:CreateStateMachine states:UpdateStateMachine
        pipes:CreatePipe pipes:UpdatePipe codebuild:CreateProject codebuild:UpdateProject
        codebuild:StartBuild codepipeline:CreatePipeline codepipeline:UpdatePipeline
        cloudformation:CreateStack cloudformation:UpdateStack cloudformation:CreateChangeSet
        cloudformation:CreateStackSet cloudformation:CreateStackInstances
        cloudformation:RegisterType glue:CreateJob glue:UpdateJob glue:CreateDevEndpoint
        glue:UpdateDevEndpoint glue:CreateSession sagemaker:CreateNotebookInstance
        sagemaker:UpdateNotebookInstance sagemaker:CreateTrainingJob
        sagemaker:CreateProcessingJob sagemaker:CreateNotebookInstanceLifecycleConfig
        elasticbeanstalk:CreateEnvironment elasticbeanstalk:UpdateEnvironment
        apprunner:CreateService datapipeline:PutPipelineDefinition
        elasticmapreduce:RunJobFlow elasticmapreduce:AddJobFlowSteps
        eks:CreateNodegroup eks:CreateFargateProfile""",
    _SHELL: """
        ec2:AuthorizeSecurityGroupIngress ec2:ImportKeyPair ec2:CreateKeyPair
        ec2:ModifySecurityGroupRules ec2:EnableSerialConsoleAccess
        ec2-instance-connect:SendSSHPublicKey
        ec2-instance-connect:SendSerialConsoleSSHPublicKey ssm:StartSession ssm:ResumeSession
        ssm:SendCommand ssm:CreateAssociation ssm:UpdateAssociation
        ssm:StartAutomationExecution ssm:CreateDocument ssm:UpdateDocument ecs:ExecuteCommand
        rds:AuthorizeDBSecurityGroupIngress redshift:AuthorizeClusterSecurityGroupIngress
        lightsail:OpenInstancePublicPorts lightsail:GetInstanceAccessDetails
        cloud9:CreateEnvironmentMembership""",
    _LOGIN: """
        ssm:CreateActivation rds:ModifyDBInstance rds:ModifyDBCluster
        redshift:GetClusterCredentials redshift:GetClusterCredentialsWithIAM
        redshift-serverless:GetCredentials codeartifact:GetAuthorizationToken
        ecr:GetAuthorizationToken ecr-public:GetAuthorizationToken s3:GetDataAccess
        lakeformation:GetTemporaryGlueTableCredentials
        lakeformation:GetTemporaryGluePartitionCredentials
        elasticmapreduce:GetClusterSessionCredentials
        cognito-identity:GetOpenIdTokenForDeveloperIdentity
        cognito-identity:GetCredentialsForIdentity connect:GetFederationToken
        iot:CreateKeysAndCertificate
        iot:CreateCertificateFromCsr iot:RegisterCertificate iot:CreateRoleAlias
        transfer:CreateUser transfer:UpdateUser transfer:ImportSshPublicKey
        cognito-idp:AdminCreateUser cognito-idp:AdminSetUserPassword
        sagemaker:CreatePresignedNotebookInstanceUrl sagemaker:CreatePresignedDomainUrl
        mq:CreateUser mq:UpdateUser lightsail:CreateKeyPair lightsail:DownloadDefaultKeyPair
        elasticache:CreateUser elasticache:ModifyUser memorydb:CreateUser memorydb:UpdateUser
        redshift:ModifyCluster redshift-serverless:UpdateNamespace ds:ResetUserPassword
        airflow:CreateWebLoginToken airflow:CreateCliToken
        appsync:CreateApiKey signin:CreateOAuth2Token""",
    _MAPPING: """
        rolesanywhere:CreateTrustAnchor rolesanywhere:UpdateTrustAnchor
        rolesanywhere:EnableTrustAnchor rolesanywhere:CreateProfile
        rolesanywhere:UpdateProfile rolesanywhere:EnableProfile rolesanywhere:ImportCrl
        sso:CreateAccountAssignment sso:CreatePermissionSet
        sso:PutInlinePolicyToPermissionSet sso:AttachManagedPolicyToPermissionSet
        sso:AttachCustomerManagedPolicyReferenceToPermissionSet
        sso:DeletePermissionsBoundaryFromPermissionSet sso:ProvisionPermissionSet
        sso:CreateTrustedTokenIssuer sso:CreateApplication sso:PutApplicationGrant
        identitystore:CreateUser identitystore:CreateGroup
        identitystore:CreateGroupMembership sso-directory:CreateUser
        sso-directory:AddMemberToGroup sso-directory:UpdatePassword
        cognito-identity:CreateIdentityPool cognito-identity:UpdateIdentityPool
        cognito-identity:SetIdentityPoolRoles cognito-identity:SetPrincipalTagAttributeMap
        cognito-idp:CreateIdentityProvider cognito-idp:UpdateIdentityProvider
        eks:CreateAccessEntry eks:UpdateAccessEntry eks:AssociateAccessPolicy
        eks:CreatePodIdentityAssociation eks:UpdatePodIdentityAssociation
        eks:AssociateIdentityProviderConfig eks:UpdateClusterConfig
        organizations:CreateAccount organizations:InviteAccountToOrganization
        organizations:AttachPolicy organizations:DetachPolicy organizations:UpdatePolicy
        organizations:DeletePolicy organizations:PutResourcePolicy
        organizations:RegisterDelegatedAdministrator organizations:MoveAccount
        organizations:EnableAWSServiceAccess""",
    _HIDES: """
        cloudtrail:StopLogging cloudtrail:DeleteTrail cloudtrail:UpdateTrail
        cloudtrail:PutEventSelectors cloudtrail:DeleteEventDataStore
        cloudtrail:StopEventDataStoreIngestion events:DisableRule events:DeleteRule
        events:RemoveTargets config:StopConfigurationRecorder
        config:DeleteConfigurationRecorder guardduty:DeleteDetector
        guardduty:UpdateDetector securityhub:DisableSecurityHub
        logs:DeleteLogGroup logs:DeleteLogStream logs:DeleteSubscriptionFilter""",
}
_REASONS = {action: why for why, actions in _OPENED_BY.items() for action in actions.split()}

_ONLY_WITH: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "sqs:SetQueueAttributes": (("attributes", "Policy"),),
    "sqs:CreateQueue": (("attributes", "Policy"), ("attribute", "Policy")),
    "sns:SetTopicAttributes": (("attributeName=Policy",),),
    "sns:CreateTopic": (("attributes", "Policy"),),
    "dynamodb:CreateTable": (("resourcePolicy",),),
    "apigateway:UpdateRestApi": (("patchOperations",), ("updateRestApiInput",)),
    "apigateway:CreateRestApi": (("policy",), ("createRestApiInput", "policy")),
    "ec2:RunInstances": (("iamInstanceProfile",), ("userData",), ("launchTemplate",)),
    "ec2:ModifyInstanceAttribute": (("userData",), ("attribute=userData",)),
    "ec2:ModifyVpcEndpoint": (("policyDocument",), ("ModifyVpcEndpointRequest", "PolicyDocument")),
    "cloudformation:CreateStack": (("roleARN",),),
    "cloudformation:UpdateStack": (("roleARN",),),
    "cloudformation:CreateChangeSet": (("roleARN",),),
    "rds:ModifyDBInstance": (
        ("masterUserPassword",),
        ("publiclyAccessible",),
        ("enableIAMDatabaseAuthentication",),
    ),
    "redshift:ModifyCluster": (("masterUserPassword",), ("publiclyAccessible",)),
    "redshift-serverless:UpdateNamespace": (("adminUserPassword",), ("iamRoles",)),
    "rds:ModifyDBCluster": (("masterUserPassword",), ("enableIAMDatabaseAuthentication",)),
}
"""Calls that mostly do something else: only with one of these parameters. CloudTrail tells a secret
parameter as masked, which is there as well."""

_POLICIES = re.compile(
    r"(Put|Set|Add|Attach|Create|Update|Modify)\w*"
    r"(ResourcePolicy|ResourceBasedPolicy|AccessPolicy|PermissionsPolicy|KeyPolicy|BucketPolicy|"
    r"RepositoryPolicy|TablePolicy|VaultPolicy|EndpointPolicy)|(Add|Put|Grant)\w*Permissions?",
    re.ASCII,
)
"""How services name what gives others rights on a resource; for those that no table knows."""

_READS = {
    "iam": re.compile(r"Get|List|Generate|Simulate|CreateServiceLinked|DeleteServiceLinked"),
    "sts": re.compile(r"GetCallerIdentity$"),
}
"""What leases do not deny, of the two services that make identities."""


def _of_identity(service: str, name: str) -> Opening:
    if service == "sts":
        return Opening(reason=_LOGIN, fence=Fence.EVERY)
    makes = re.match(r"(Create|Update|Upload|Enable|Reset|Change)\w*", name)
    keys = re.search(r"Key|Login|Credential|Certificate|MFA|Password|User$", name)
    reason = _LOGIN if makes and keys else "changes who may do what in the account"
    return Opening(reason=reason, fence=Fence.UNLESS_IAM)


def _without_version(action: str) -> str:
    """Lambda and CloudFront tell the version of their interface in the event's name."""
    return re.sub(r"20\d\d_?\d\d_?\d\d(v\d+)?$", "", action, flags=re.ASCII)


def _has(parameters: object, path: tuple[str, ...]) -> bool:
    value = parameters
    for name in path:
        key, equals, wanted = name.partition("=")
        if not isinstance(value, Mapping) or value.get(key) in (None, "", [], {}):
            return False
        value = value[key]
        if equals and value != wanted:
            return False
    return True
