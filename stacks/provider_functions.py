"""The functions behind CDK's own custom resources: their tags, and findings about them."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk

from stacks.acknowledgement import acknowledge

_BECAUSE = (
    "CDK's own function: CloudFormation alone calls it, once a change and one at a time; its "
    "failure fails the deployment, and its role reaches the one resource that it serves."
)


def acknowledge_provider_functions(stack: cdk.Stack) -> None:
    """Acknowledge them one by one: the emptier of buckets, the closer of default groups.

    Call it last, when what makes them has been made.
    """
    for provider in stack.node.children:
        if provider.node.id.startswith("Custom::"):
            handler = provider.node.find_child("Handler")
            acknowledge(handler, "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", because=_BECAUSE)


def tag_provider_functions(stack: cdk.Stack, tags: Mapping[str, str]) -> None:
    """Tag them and their roles: CDK makes both of a kind that its own tagging passes over.

    Call it last, when what makes them has been made.
    """
    for provider in stack.node.children:
        if provider.node.id.startswith("Custom::"):
            for part in ("Role", "Handler"):
                resource = cast(cdk.CfnResource, provider.node.find_child(part))
                resource.add_property_override(
                    "Tags", [{"Key": key, "Value": value} for key, value in tags.items()]
                )
