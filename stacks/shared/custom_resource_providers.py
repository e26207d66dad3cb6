"""Tags and acknowledgements of the providers of CDK's own custom resources."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk

from stacks.shared.acknowledgement import acknowledge

_REASON = (
    "This is a function of the CDK. Only CloudFormation invokes it, once for each change. If it "
    "fails, the deployment fails. Its role has access only to the resource that it configures."
)


def configure_custom_resource_providers(stack: cdk.Stack, tags: Mapping[str, str]) -> None:
    """Tag the functions and roles of the providers, and acknowledge the findings about them.

    Such providers empty buckets, and remove the rules of default security groups. `cdk.Tags` does
    not reach them, because CDK creates them as generic resources. Call this function last: it
    configures the providers that the stack has by then.
    """
    for provider in stack.node.children:
        if isinstance(provider, cdk.CustomResourceProviderBase):
            role, handler = (
                cast(cdk.CfnResource, provider.node.find_child(construct_id))
                for construct_id in ("Role", "Handler")
            )
            acknowledge(handler, "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", reason=_REASON)
            for resource in (role, handler):
                resource.add_property_override(
                    "Tags", [{"Key": key, "Value": value} for key, value in tags.items()]
                )
