"""The rule packs AwsSolutions and NIST 800-53 revision 5 of cdk-nag, and docs/security-findings.md.

app.py runs AwsSolutions at every synthesis too.
"""

import re
from collections import Counter, defaultdict

import pytest

from tests.documents import check_document
from tests.gates.findings import (
    Finding,
    acknowledgements,
    cdk_nag_findings,
    cdk_nag_findings_in,
)
from tests.stage_variants import with_strategy

CDK_NAG = ("AwsSolutions-", "NIST.800.53.R5-")
ACLS = "AwsSolutions-VPC3"
"""A warning about every entry of a network ACL. The design asks for network ACLs, and
tests/stacks/network/flows tests each entry."""

INTRODUCTION = """\
# Acknowledged security findings

This page is generated: `python3 dev.py test tests/gates --snapshot-update` updates it. The code
acknowledges a finding beside the resource, with the control that compensates for it. Each synthesis
runs the rule pack AwsSolutions of cdk-nag and the template validation of the CDK. The tests add the
rule pack NIST 800-53 revision 5, and `python3 dev.py check` adds cfn-lint and checkov. A finding
that is not on this page fails them.
"""


def acknowledged(*packs: str) -> list[Finding]:
    return [each.finding for each in acknowledgements() if each.finding.rule.startswith(packs)]


def test_every_finding_is_acknowledged() -> None:
    found = sorted(cdk_nag_findings(with_acknowledgements=True))
    assert not found, "\n".join(f"{each.rule}: {each.path}" for each in found)


def test_every_finding_about_two_tracks_is_acknowledged() -> None:
    found = sorted(cdk_nag_findings_in(with_strategy("canary", stage="production")))
    assert not found, "\n".join(f"{each.rule}: {each.path}" for each in found)


def test_every_acknowledgement_is_needed() -> None:
    stale = set(acknowledged(*CDK_NAG)) - cdk_nag_findings(with_acknowledgements=False)
    assert not stale, "\n".join(f"{each.rule}: {each.path}" for each in sorted(stale))


def test_an_acknowledgement_covers_one_resource() -> None:
    """It is about a resource, a leaf of the construct tree, and not about a scope of several."""
    paths = [each.finding.path for each in acknowledgements()]
    assert not [path for path in paths for other in paths if other.startswith(f"{path}/")]


def test_few_findings_of_the_solutions_pack_are_acknowledged() -> None:
    """A finding in both stages counts once. Findings about providers of the CDK do not count.

    15 are about the network, the data stores and the cluster. 5 are about scheduled work: state
    machines and the metric of business hours use actions that support no narrower resource. 7 are
    about administrators' permissions on files and log streams, and about CloudShell, where AWS
    chooses the ids. 4 are about preflight, which reads quotas, versions, stacks and
    service-linked roles. 9 are about releases: the ids of executions, of one stack and of listener
    rules, and reads that support no narrower resource.
    """
    counted = [
        finding
        for finding in acknowledged("AwsSolutions-")
        if not finding.is_about_a_provider and finding.rule != ACLS
    ]
    distinct = Counter(_without_stage(finding) for finding in counted)
    assert len(distinct) <= 40, "\n".join(f"{rule}: {path}" for path, rule in sorted(distinct))


def _without_stage(finding: Finding) -> tuple[str, str]:
    stage, _, path = finding.path.partition("/")
    return path, re.sub(rf"-{stage}\b", "-<stage>", finding.rule)


def test_each_acknowledgement_has_a_reason_of_several_words() -> None:
    for each in acknowledgements():
        assert len(each.reason.split()) >= 8, each
        assert "false positive" not in each.reason.lower(), each


def test_the_page_of_acknowledged_findings_is_current(pytestconfig: pytest.Config) -> None:
    rows: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in acknowledgements():
        stage, _, path = each.finding.path.partition("/")
        path = path.removesuffix("/Resource")
        if each.finding.rule == "AwsSolutions-VPC3":
            path = "network/Acls/... (each list and entry)"
        rows[path, each.reason][each.finding.rule].add(stage)
    lines = ["| resource | findings | stages | reason |", "|---|---|---|---|"]
    for (path, reason), rules in sorted(rows.items()):
        stages = ", ".join(sorted(set().union(*rules.values())))
        names = "<br>".join(f"`{rule}`" for rule in sorted(rules))
        lines.append(f"| {path} | {names} | {stages} | {reason} |")
    check_document("security-findings.md", "\n".join([INTRODUCTION, *lines, ""]), pytestconfig)
