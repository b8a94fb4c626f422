"""What makes the service take up what a deployment changed in the foundation.

The service knows the foundation by `Fn::GetStackOutput`. CloudFormation resolves that when it
updates a resource, and updates none whose template is what it was: an ARN that the foundation has
no more would stay in the service until something else changes there. So every resource of the
service that may name something of the foundation carries a digest of its template as metadata, and
changes whenever that does.
"""

import hashlib
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import jsii

METADATA_KEY = "pam:foundation"
CONTEXT_KEY = "foundation-id"
"""The id of the foundation's stack, if known: one that was deleted and made anew has another, and
other outputs under the same template.
"""
_CHARACTERS = 16
_API = "AWS::ApiGateway::"


def follow(service: cdk.Stack, foundation: cdk.Stack) -> None:
    """To be called when the service has all its resources. The foundation is written first, since
    its construct is made first.
    """
    digest = cdk.Lazy.uncached_string(_Digest(service, foundation))
    for construct in service.node.find_all():
        if cdk.CfnResource.is_cfn_resource(construct):
            resource = cast("cdk.CfnResource", construct)
            # An API's deployment has a name made of the API's whole text, and would be made anew.
            if not resource.cfn_resource_type.startswith(_API):
                resource.add_metadata(METADATA_KEY, digest)


def digest_of(template: bytes, foundation_id: str = "") -> str:
    return hashlib.sha256(template + foundation_id.encode()).hexdigest()[:_CHARACTERS]


@jsii.implements(cdk.IStringProducer)
class _Digest:
    def __init__(self, service: cdk.Stack, foundation: cdk.Stack) -> None:
        self._service = service
        self._foundation = foundation

    def produce(self, _: cdk.IResolveContext) -> str:
        """The library also asks before it writes templates; what it is told then, it does not keep.
        So nothing is remembered here either.
        """
        app = cdk.Stage.of(self._service)
        template = Path(app.outdir if app else "") / self._foundation.template_file
        if not template.exists():
            return ""
        foundation_id = self._service.node.try_get_context(CONTEXT_KEY)
        return digest_of(template.read_bytes(), str(foundation_id or ""))
