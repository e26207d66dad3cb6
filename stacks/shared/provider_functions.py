"""The functions behind CDK's own custom resources: their tags, and findings about them."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk

from stacks.shared.acknowledgement import acknowledge

_BECAUSE = (
    "CDK's own function: CloudFormation alone calls it, once a change and one at a time; its "
    "failure fails the deployment, and its role reaches the one resource that it serves."
)


def finish_provider_functions(stack: cdk.Stack, tags: Mapping[str, str]) -> None:
    """Acknowledge and tag them: the emptier of buckets, the closer of default groups.

    CDK makes functions and roles of a kind that its own tagging passes over. Call it last, when
    what makes them has been made.
    """
    for provider in stack.node.children:
        if isinstance(provider, cdk.CustomResourceProviderBase):
            role, handler = (
                cast(cdk.CfnResource, provider.node.find_child(part))
                for part in ("Role", "Handler")
            )
            acknowledge(handler, "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", reason=_BECAUSE)
            for resource in (role, handler):
                resource.add_property_override(
                    "Tags", [{"Key": key, "Value": value} for key, value in tags.items()]
                )
