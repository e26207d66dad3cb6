"""Acknowledgement of findings of the security checks, with the reason for each."""

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk

from constructs import IConstruct

_ACKNOWLEDGED = cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY


def acknowledge(resource: IConstruct, *findings: str, reason: str) -> None:
    """Acknowledge findings of the security checks about one resource.

    The call stands beside the resource in the code. docs/security-findings.md lists every call.

    Args:
        resource: The resource, or its L2. The call does not cover other resources of the L2.
        findings: The ids of the findings, of cdk-nag (`AwsSolutions-EC23`, with its part in
            brackets where a rule has several findings about a resource), checkov (`CKV_AWS_18`)
            or cfn-lint (`W3691`). Several ids are the same finding of several tools.
        reason: The control that compensates for the finding, for a security reviewer.
    """
    if not isinstance(resource, cdk.CfnResource):
        resource = resource.node.default_child or resource
    record(cast(cdk.CfnResource, resource), findings, reason)


def record(target: cdk.CfnResource, findings: Sequence[str], reason: str) -> None:
    """Write an acknowledgement into the metadata that each tool reads.

    `Validations.acknowledge` refuses ids with a second `::`, which every id with an ARN has. So
    this function writes the same metadata itself.
    """
    findings = [_flatten_tokens(target, finding) for finding in findings]
    target.node.add_metadata(_ACKNOWLEDGED, dict.fromkeys(findings, reason))
    skipped = [finding for finding in findings if finding.startswith("CKV_")]
    if skipped:
        entries = [{"id": finding, "comment": reason} for finding in skipped]
        checkov: dict[str, Any] = target.get_metadata("checkov") or {}
        target.add_metadata("checkov", {"skip": [*checkov.get("skip", []), *entries]})
    ignored = [finding for finding in findings if finding[:1] in "EW" and finding[1:].isdigit()]
    if ignored:
        cfn_lint: dict[str, Any] = target.get_metadata("cfn-lint") or {}
        earlier = cfn_lint.get("config", {}).get("ignore_checks", [])
        target.add_metadata("cfn-lint", {"config": {"ignore_checks": [*earlier, *ignored]}})


def _flatten_tokens(target: cdk.CfnResource, finding: str) -> str:
    """Return a finding's id with its tokens as cdk-nag writes them, such as `<AWS::AccountId>`.

    Without an account, the ARNs in the ids contain tokens, and CDK refuses a token as the key of
    metadata (cdk-nag 3, src/utils/flatten-cfn-reference.ts).
    """
    # Token.is_unresolved() would call Node for each finding.
    if "${Token[" not in finding:
        return finding
    return _flatten(cdk.Stack.of(target).resolve(finding))


def _flatten(value: str | dict[str, Any]) -> str:
    """Return a resolved value as text, with references in angle brackets."""
    if isinstance(value, str):
        return value
    ((function, arguments),) = value.items()
    if function == "Fn::Join":
        delimiter, parts = arguments
        return str(delimiter).join(_flatten(part) for part in parts)
    if function == "Fn::ImportValue":
        return _flatten(arguments)
    return f"<{arguments if function == 'Ref' else '.'.join(arguments)}>"
