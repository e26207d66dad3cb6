"""docs/security-findings.md: what a security reviewer reads first."""

from collections import defaultdict

import pytest

from tests.documents import check_document
from tests.gates.findings import acknowledgements

INTRODUCTION = """\
# Acknowledged security findings

Made from the code; `python3 dev.py test tests/gates --snapshot-update` writes it anew. A finding is
acknowledged in the code, beside its resource, with the control that makes up for it. Every stage
is checked by cdk-nag's AwsSolutions pack and CDK's template validation at each synthesis; the
tests add cdk-nag's NIST 800-53 r5 pack, cfn-lint and checkov. What is not listed here fails them.
"""


def test_the_table_of_findings_is_current(pytestconfig: pytest.Config) -> None:
    rows: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in acknowledgements():
        stage, _, path = each.finding.path.partition("/")
        path = path.removesuffix("/Resource")
        if each.finding.rule == "AwsSolutions-VPC3":
            path = "network/Acls/... (each list and entry)"
        rows[path, each.because][each.finding.rule].add(stage)
    lines = ["| resource | findings | stages | because |", "|---|---|---|---|"]
    for (path, because), rules in sorted(rows.items()):
        stages = ", ".join(sorted(set().union(*rules.values())))
        names = "<br>".join(f"`{rule}`" for rule in sorted(rules))
        lines.append(f"| {path} | {names} | {stages} | {because} |")
    check_document("security-findings.md", "\n".join([INTRODUCTION, *lines, ""]), pytestconfig)
