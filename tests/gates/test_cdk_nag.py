"""cdk-nag's packs AwsSolutions (at every synthesis too) and NIST 800-53 revision 5.

And docs/security-findings.md, what a security reviewer reads first, from the same app.
"""

from collections import Counter, defaultdict

import pytest

from tests.documents import check_document
from tests.gates.findings import Finding, acknowledgements, cdk_nag_findings

CDK_NAG = ("AwsSolutions-", "NIST.800.53.R5-")
ACLS = "AwsSolutions-VPC3"
"""cdk-nag warns of every entry of a network ACL. The design asks for network ACLs, and
tests/stacks/network/flows proves each entry."""

INTRODUCTION = """\
# Acknowledged security findings

Made from the code; `python3 dev.py test tests/gates --snapshot-update` writes it anew. A finding is
acknowledged in the code, beside its resource, with the control that makes up for it. Every stage
is checked by cdk-nag's AwsSolutions pack and CDK's template validation at each synthesis; the
tests add cdk-nag's NIST 800-53 r5 pack, `dev.py check` cfn-lint and checkov. What is not listed
here fails them.
"""


def acknowledged(*packs: str) -> list[Finding]:
    return [each.finding for each in acknowledgements() if each.finding.rule.startswith(packs)]


def test_nothing_is_found_that_is_not_acknowledged() -> None:
    found = sorted(cdk_nag_findings(with_acknowledgements=True))
    assert not found, "\n".join(f"{each.rule}: {each.path}" for each in found)


def test_every_acknowledgement_is_needed() -> None:
    stale = set(acknowledged(*CDK_NAG)) - cdk_nag_findings(with_acknowledgements=False)
    assert not stale, "\n".join(f"{each.rule}: {each.path}" for each in sorted(stale))


def test_an_acknowledgement_covers_one_resource() -> None:
    """Each stands on a resource, not on a scope: a resource is a leaf of the construct tree."""
    paths = [each.finding.path for each in acknowledgements()]
    assert not [path for path in paths for other in paths if other.startswith(f"{path}/")]


def test_few_findings_of_the_solutions_pack_are_acknowledged() -> None:
    """Counted once where both stages have it; CDK's own provider functions aside.

    15 of the network, the stores and the cluster; 5 of what runs by the clock: state machines that
    patch, review and announce, and the writer of the business hours, whose actions (delivery of
    logs, reports, metrics) know no narrower resource.
    """
    own = [f for f in acknowledged("AwsSolutions-") if not f.is_cdks_own and f.rule != ACLS]
    distinct = Counter(_without_stage(each) for each in own)
    assert len(distinct) <= 20, "\n".join(f"{rule}: {path}" for path, rule in sorted(distinct))


def _without_stage(finding: Finding) -> tuple[str, str]:
    stage, _, path = finding.path.partition("/")
    return path, finding.rule.replace(f"-{stage}/", "-<stage>/")


def test_each_reason_says_more_than_that_the_tool_is_wrong() -> None:
    for each in acknowledgements():
        assert len(each.reason.split()) >= 8, each
        assert "false positive" not in each.reason.lower(), each


def test_the_table_of_findings_is_current(pytestconfig: pytest.Config) -> None:
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
