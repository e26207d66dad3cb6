"""Whoever a document tells to run a command may run it: README, operations and runbooks."""

import re
from collections import defaultdict

import pytest

from tests.documentation.aws_requests import CommandError, IamRequest, aws_requests, denied
from tests.documentation.cluster_access import ClusterAccess, KubernetesRequest
from tests.documentation.commands import (
    ROLES,
    DocumentedCommand,
    commands_of,
    documented_pages,
    parse_commands,
)
from tests.documentation.dev_requests import dev_requests
from tests.documentation.kubectl_requests import kubernetes_requests
from tests.role_policies import RolePolicies
from tests.stacks.monitoring.alarm_messages import descriptions
from tests.synthesis import SynthesizedStage

PEOPLE = ("reader", "on-call", "admin")
MAY_RUN = {"reader": PEOPLE, "on call": ("on-call", "admin"), "admin": ("admin",)}
"""The roles that may run the commands of each mark."""

NOT_A_COMMAND = ("aws ... ",)
"""Beginnings of text about commands in general."""

COMMANDS = [
    command
    for page in documented_pages()
    for command in commands_of(page)
    if not command.text.startswith(NOT_A_COMMAND)
]

Request = IamRequest | KubernetesRequest


def requests_of(stage: SynthesizedStage, command: DocumentedCommand) -> list[Request]:
    """Return the requests of a command; name its file and line where it cannot be mapped."""
    try:
        match command.text.split()[0]:
            case "aws":
                return list(aws_requests(stage, command.text))
            case "kubectl" | "helm":
                return list(kubernetes_requests(command.text))
        return list(dev_requests(stage, command.text))
    except CommandError as error:
        raise AssertionError(f"{command}: {error}") from None


_PERMISSIONS: dict[tuple[str, str], tuple[RolePolicies, ClusterAccess]] = {}
"""What each role of each stage may do. To read it for each command would take a minute."""


def refusals(stage: SynthesizedStage, role: str, command: DocumentedCommand) -> list[Request]:
    """Return the requests of a command that a role may not make."""
    key = stage.settings.stage, role
    if key not in _PERMISSIONS:
        _PERMISSIONS[key] = RolePolicies.of_people(stage, role), ClusterAccess(stage, role)
    policies, access = _PERMISSIONS[key]
    refused: list[Request] = []
    for request in requests_of(stage, command):
        if isinstance(request, IamRequest):
            refused += denied(policies, [request])
        elif not access.allows(request):
            refused.append(request)
    return refused


def errors(stage: SynthesizedStage, command: DocumentedCommand) -> list[str]:
    """Return a line for each role that may not run what a document tells it to run."""
    if not requests_of(stage, command):
        return []
    if not command.role:
        return [f"{command}: names no role; allowed: {', '.join(f'({role})' for role in ROLES)}"]
    if command.role == "owner":
        return []
    if command.role == "forbidden":
        return [
            f"{command}: is shown as forbidden, and {role} may run it"
            for role in PEOPLE
            if not refusals(stage, role, command)
        ]
    return [
        f"{command}: {role} may not do {', '.join(map(str, refused))}"
        for role in MAY_RUN[command.role]
        if (refused := refusals(stage, role, command))
    ]


def test_whoever_is_told_to_run_a_command_may_run_it(production: SynthesizedStage) -> None:
    found = [error for command in COMMANDS for error in errors(production, command)]
    assert not found, "\n".join(found)


def test_the_commands_that_name_resources_of_staging_may_be_run_there(
    staging: SynthesizedStage,
) -> None:
    """Staging lacks some resources of production, such as the alarms on the account."""
    found = []
    for command in COMMANDS:
        try:
            found += errors(staging, command)
        except AssertionError:
            continue
    assert not found, "\n".join(found)


def test_what_is_left_to_the_owner_no_role_may_do(production: SynthesizedStage) -> None:
    """The commands of the owner are together on a page: no role may run all of them."""
    pages = defaultdict(list)
    for command in COMMANDS:
        if command.role == "owner":
            pages[command.page].append(command)
    assert pages
    for page, commands in pages.items():
        assert any(refusals(production, "admin", command) for command in commands), page


def test_whoever_is_paged_may_run_the_first_check_of_the_alarm(
    production: SynthesizedStage,
) -> None:
    checks = {
        DocumentedCommand(f"alarm {name}", 0, command[1], "reader")
        for name, text in descriptions(production).items()
        for command in re.finditer(r"^First check: ((?:aws|kubectl) [^|;\n]*)", text, re.MULTILINE)
    }
    assert len(checks) >= 20
    found = [error for check in checks for error in errors(production, check)]
    assert not found, "\n".join(found)


def deploys_of_whole_stages() -> list[DocumentedCommand]:
    """Return the documented deployments of all stacks of a stage."""
    pattern = re.compile(r"python3 dev\.py cdk deploy '(?!account/)[\w<>-]+/\*'")
    return [command for command in COMMANDS if pattern.match(command.text)]


def test_a_whole_stage_is_deployed_with_data_and_cluster_at_the_same_time() -> None:
    """With one stack after the other, a recovery takes longer than the design's 30 minutes.

    The CDK CLI refuses to ask for approval with --concurrency, so the command says never.
    """
    deploys = deploys_of_whole_stages()
    assert len(deploys) >= 5
    for command in deploys:
        assert command.text.endswith(" --concurrency 3 --require-approval never"), command


def test_the_difference_is_read_before_a_whole_stage_is_deployed_without_approval() -> None:
    for deploy in deploys_of_whole_stages():
        pattern = deploy.text.split()[4]
        assert any(
            command.page == deploy.page
            and command.line < deploy.line
            and command.text.startswith(f"python3 dev.py cdk diff {pattern}")
            for command in COMMANDS
        ), deploy


# Known errors are found by name ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "## Logs (reader)\n\n```\naws logs tail spywatcher-production-trail\n```\n",
            "page.md:4: aws logs tail spywatcher-production-trail: reader may not do "
            "IamRequest(action='logs:FilterLogEvents'",
        ),
        (
            "## Restart (reader)\n\n"
            "`kubectl rollout restart deployment/spywatcher-backend -n spywatcher`\n",
            "page.md:3: kubectl rollout restart deployment/spywatcher-backend -n spywatcher: "
            "reader may not do KubernetesRequest(verb='patch', group='apps'",
        ),
        (
            "Read it (on call):\n\n```\nkubectl get secret x -n spywatcher\n```\n",
            "on-call may not do KubernetesRequest(verb='get', group='', resource='secrets'",
        ),
        (
            "Deploy it (on call):\n\n```\npython3 dev.py cdk deploy production/data\n```\n",
            "on-call may not do IamRequest(action='sts:AssumeRole'",
        ),
        (
            "## A key (admin)\n\n```\naws kms enable-key --key-id KEY\n```\n",
            "admin may not do IamRequest(action='kms:EnableKey'",
        ),
        (
            "Look at it:\n\n```\nkubectl get pods\n```\n",
            "page.md:4: kubectl get pods: names no role; allowed: (reader), (on call), (admin)",
        ),
        (
            "Never run `aws rds describe-events` (forbidden).\n",
            "page.md:1: aws rds describe-events: is shown as forbidden, and reader may run it",
        ),
    ],
)
def test_a_command_that_its_role_may_not_run_is_found(
    production: SynthesizedStage, text: str, expected: str
) -> None:
    (command,) = parse_commands("page.md", text)
    assert expected in "\n".join(errors(production, command))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("aws rds describe-db-instance", "rds has no operation describe-db-instance"),
        ("aws rdss describe-db-instances", "botocore has no service rdss"),
        ("aws rds wait db-instance-awake --x", "rds has no waiter db-instance-awake"),
        (
            "aws sns publish --topic-arn arn:aws:sns:REGION:ACCOUNT:spywatcher-production-x",
            "no AWS::SNS::Topic of the stage is called spywatcher-production-x",
        ),
        ("kubectl drain NODE", "no requests are known for kubectl drain"),
        ("kubectl get ingress", "no API group is known for the kind ingress"),
        ("helm install x", "no requests are known for helm install"),
        ("python3 dev.py deploy", "no requests are known for dev.py deploy"),
        ("python3 dev.py cdk watch", "no requests are known for cdk watch"),
    ],
)
def test_a_command_that_cannot_be_mapped_fails_with_file_and_line(
    production: SynthesizedStage, command: str, expected: str
) -> None:
    (parsed,) = parse_commands("page.md", f"Run it (admin):\n\n```\n{command}\n```\n")
    with pytest.raises(AssertionError, match=r"^page\.md:4: ") as caught:
        errors(production, parsed)
    assert expected in str(caught.value)
