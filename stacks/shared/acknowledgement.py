"""Security findings that stay, each with the control that makes up for it."""

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk

from constructs import IConstruct

_ACKNOWLEDGED = cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY


def acknowledge(resource: IConstruct, *findings: str, reason: str) -> None:
    """Accept findings of the security checks about one resource.

    Call it where the resource is made. docs/security-findings.md lists every call.

    Args:
        resource: the resource, or the L2 that makes it; nothing below it is covered.
        findings: ids of cdk-nag (`AwsSolutions-EC23`, `NIST.800.53.R5-...`, with the part in
            brackets where a rule tells its findings apart), of checkov (`CKV_AWS_18`) or of
            cfn-lint (`W3691`). Several are one finding in the words of several tools.
        reason: which control makes up for it, for a security reviewer.
    """
    if not isinstance(resource, cdk.CfnResource):
        resource = resource.node.default_child or resource
    record(cast(cdk.CfnResource, resource), findings, reason)


def record(target: cdk.CfnResource, findings: Sequence[str], reason: str) -> None:
    """Write an acknowledgement where each tool looks for it."""
    # Not `Validations.acknowledge`: it refuses an id with a second `::`, which every finding
    # about an ARN has. cdk-nag reads the metadata that is written here.
    findings = [_flattened(target, finding) for finding in findings]
    target.node.add_metadata(_ACKNOWLEDGED, dict.fromkeys(findings, reason))
    skipped = [finding for finding in findings if finding.startswith("CKV_")]
    if skipped:
        _extend(target, "checkov", "skip", [{"id": id_, "comment": reason} for id_ in skipped])
    ignored = [finding for finding in findings if finding[:1] in "EW" and finding[1:].isdigit()]
    if ignored:
        earlier: dict[str, Any] = target.get_metadata("cfn-lint") or {}
        before = earlier.get("config", {}).get("ignore_checks", [])
        target.add_metadata("cfn-lint", {"config": {"ignore_checks": [*before, *ignored]}})


def _extend(target: cdk.CfnResource, tool: str, key: str, entries: list[dict[str, str]]) -> None:
    """Add to what an earlier call wrote into the resource's metadata for this tool."""
    earlier: dict[str, Any] = target.get_metadata(tool) or {}
    target.add_metadata(tool, {key: [*earlier.get(key, []), *entries]})


def _flattened(target: cdk.CfnResource, finding: str) -> str:
    """Return a finding's id with its tokens written as cdk-nag writes them, `<AWS::AccountId>`.

    Without an account the ARNs in the ids of findings hold tokens, and CDK refuses a token as the
    key of metadata (cdk-nag 3, src/utils/flatten-cfn-reference.ts).
    """
    if not cdk.Token.is_unresolved(finding):
        return finding
    return _text(cdk.Stack.of(target).resolve(finding))


def _text(value: str | dict[str, Any]) -> str:
    """Return a resolved string, with `Ref`, `Fn::GetAtt` and `Fn::ImportValue` flattened."""
    if isinstance(value, str):
        return value
    ((function, arguments),) = value.items()
    if function == "Fn::Join":
        delimiter, parts = arguments
        return str(delimiter).join(_text(part) for part in parts)
    if function == "Fn::ImportValue":
        return _text(arguments)
    return f"<{arguments if function == 'Ref' else '.'.join(arguments)}>"
