"""Finds principals of policies that nothing creates. AWS refuses a policy that names one.

IAM, KMS, S3, SNS and Secrets Manager look up each ARN in `Principal` ("AWS JSON policy elements:
Principal", IAM User Guide). A wildcard and the account itself always exist.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk.region_info import RegionInfo

from tests.rules.names import arn, as_deployed
from tests.rules.stage_graph import StageGraph
from tests.synthesis import ACCOUNT


def find_unknown_principals(graph: StageGraph, account: StageGraph) -> Iterator[str]:
    """Yield a sentence for each principal that neither the stage nor its account has."""
    known = _known_principals(graph, account)
    for resource_id in graph.resources:
        properties = as_deployed(graph, graph.properties(resource_id))
        for principal in sorted(set(_principals(properties)) - known):
            yield (
                f"{resource_id}: the policy names {principal}, which no template makes; refer to a "
                "role of the templates, or name the account and limit it with aws:PrincipalArn"
            )


def _known_principals(graph: StageGraph, account: StageGraph) -> set[str]:
    known = {"*", f"arn:aws:iam::{ACCOUNT}:root"}
    known |= {arn(graph, role) for role in graph.of_type("AWS::IAM::Role", "AWS::IAM::User")}
    for provider in account.of_type("AWS::IAM::OIDCProvider"):
        host = str(account.properties(provider)["Url"]).removeprefix("https://")
        known.add(f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}")
    # The account with which Elastic Load Balancing writes access logs in older Regions.
    known.add(f"arn:aws:iam::{RegionInfo.get(graph.region).elbv2_account}:root")
    return known


def _principals(value: Any) -> Iterator[str]:
    """Yield the principals of all statements in a value, without services."""
    if isinstance(value, Mapping):
        if "Effect" in value and "Principal" in value:
            yield from _named_by(value["Principal"])
        for item in value.values():
            yield from _principals(item)
    elif isinstance(value, list):
        for item in value:
            yield from _principals(item)


def _named_by(principal: Any) -> Iterator[str]:
    if not isinstance(principal, Mapping):
        yield str(principal)
        return
    for kind, names in principal.items():
        if kind != "Service":
            yield from [names] if isinstance(names, str) else map(str, names)
