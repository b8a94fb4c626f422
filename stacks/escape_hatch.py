"""The CloudFormation resource under a construct, where the construct library does not reach."""

from typing import TypeVar

import aws_cdk as cdk
from constructs import IConstruct

_Resource = TypeVar("_Resource", bound=cdk.CfnResource)


def resource_of(construct: IConstruct, kind: type[_Resource]) -> _Resource:
    resource = construct.node.default_child
    if not isinstance(resource, kind):
        message = f"{construct.node.path} is made of {resource!r}, not of a {kind.__name__}"
        raise TypeError(message)
    return resource
