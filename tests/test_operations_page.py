"""docs/operations.md has each command of the design, and its names are those of the templates."""

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
import yaml

from settings import load_stage
from tests.documentation.commands import parse_commands
from tests.stacks.permissions import CLOUDSHELL, PREFLIGHT, READS, permissions
from tests.synthesis import ACCOUNT, ROOT, SynthesizedStage, synthesize
from tools.templates.text import as_text

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

QUICK_REFERENCE = (
    "kubectl cluster-info",
    "kubectl get nodes",
    "kubectl get all -n spywatcher",
    "kubectl logs -f deployment/spywatcher-backend -n spywatcher",
    "kubectl scale deployment spywatcher-backend --replicas=5 -n spywatcher",
    "kubectl rollout undo deployment/spywatcher-backend -n spywatcher",
    "aws rds create-db-snapshot --db-instance-identifier spywatcher-production",
    "aws cloudwatch describe-alarms --state-value ALARM",
)
"""The commands of INFRASTRUCTURE.md, "Quick Reference"."""

KINDS = {
    "deployment": "Deployment",
    "hpa": "HorizontalPodAutoscaler",
    "scaledobject": "ScaledObject",
}
DOCUMENTED_ACCOUNT = "111122223333"


def commands(text: str) -> list[str]:
    """Return the commands in the code blocks of a page, and those within its sentences."""
    found = [command.text for command in parse_commands("docs/operations.md", text)]
    return [command for command in found if "..." not in command]


def of_stage(stage: SynthesizedStage, command: str) -> list[str]:
    """Return the words of a command, with the name of this stage in place of production."""
    return shlex.split(command.replace("production", stage.settings.stage))


def option(words: list[str], *names: str) -> str | None:
    """Return the value of an option that is written with a space or with an equals sign."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else words[index + 1]
    return None


@pytest.fixture(scope="module", params=commands(PAGE), ids=lambda command: command[:60])
def command(request: pytest.FixtureRequest) -> str:
    """Each command of the page."""
    text: str = request.param
    return text


def objects(stage: SynthesizedStage) -> Iterator[dict[str, Any]]:
    """Return every Kubernetes object of the workloads and of the cluster."""
    yield from stage.manifests()
    resources = stage.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource").values()
    for resource in resources:
        yield from json.loads(as_text(resource["Properties"]["Manifest"]))


def names(stage: SynthesizedStage, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in objects(stage) if item["kind"] == kind}


def roles(stage: SynthesizedStage) -> set[str]:
    properties = [
        role["Properties"] for role in stage.resources("security", "AWS::IAM::Role").values()
    ]
    return {role["RoleName"] for role in properties if "RoleName" in role}


def instances(stage: SynthesizedStage) -> set[str]:
    resources = stage.resources("data", "AWS::RDS::DBInstance").values()
    return {instance["Properties"]["DBInstanceIdentifier"] for instance in resources}


# The design's commands -------------------------------------------------------------------------


@pytest.mark.parametrize("designed", QUICK_REFERENCE)
def test_each_command_of_the_design_is_on_the_page(designed: str) -> None:
    """The page may add an option that the design leaves out."""
    assert [text for text in commands(PAGE) if f"{text} ".startswith(f"{designed} ")]


def test_the_design_names_what_is_synthesized(production: SynthesizedStage) -> None:
    for designed in QUICK_REFERENCE:
        check(production, designed)


def test_the_readme_links_to_the_page() -> None:
    assert "(docs/operations.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


# Every command of the page ---------------------------------------------------------------------


def check(stage: SynthesizedStage, command: str) -> None:
    """Check each name in a command against the templates."""
    words = of_stage(stage, command)
    {"kubectl": check_kubectl, "aws": check_aws, "python3": check_dev}[words[0]](stage, words)


def check_kubectl(stage: SynthesizedStage, words: list[str]) -> None:
    namespace = option(words, "-n", "--namespace")
    if namespace is not None:
        assert namespace in names(stage, "Namespace")
    context = words[-1] if words[1:3] == ["config", "use-context"] else option(words, "--context")
    if context is not None:
        assert context in aliases(stage)
    for index, word in enumerate(words):
        kind, slash, name = word.partition("/")
        if kind not in KINDS:
            continue
        name = name if slash else words[index + 1]
        assert name in names(stage, KINDS[kind])
        assert namespace == "spywatcher", "the application has a namespace of its own"


def check_aws(stage: SynthesizedStage, words: list[str]) -> None:
    if words[1:3] == ["eks", "update-kubeconfig"]:
        cluster = stage.only("cluster", "AWS::EKS::Cluster")["Name"]
        assert option(words, "--name") == cluster
        arn = option(words, "--role-arn") or ""
        role = option(words, "--profile") or arn.removeprefix(
            f"arn:aws:iam::{DOCUMENTED_ACCOUNT}:role/"
        )
        # In CloudShell, the credentials are those of the console session.
        assert role in roles(stage) or not role
        assert option(words, "--alias") in (role, None)
    instance = option(words, "--db-instance-identifier")
    if instance is not None:
        assert instance in instances(stage)
    snapshot = option(words, "--db-snapshot-identifier")
    if snapshot is not None:
        assert snapshot in snapshots(stage)


def check_dev(stage: SynthesizedStage, words: list[str]) -> None:
    if words[1:3] == ["dev.py", "guard"]:
        assert words[3:] == [stage.settings.stage]
        return
    if words[1:3] == ["dev.py", "release"]:
        positionals = words[4:6] if words[3] in ("start", "rollback") else ["backend", words[4]]
        assert positionals == ["backend", stage.settings.stage]
        image = option(words, "--image") or stage.settings.services.backend.image
        assert image.rpartition(":")[0] == stage.settings.services.backend.image.rpartition(":")[0]
        return
    assert words[1:4] == ["dev.py", "cdk", "deploy"]
    target, _, stack = words[4].partition("/")
    assert target == stage.settings.stage
    assert stack in stage.templates
    for before, word in pairwise(words):
        if before != "--parameters":
            continue
        owner, _, setting = word.partition(":")
        name, _, value = setting.partition("=")
        assert owner == stage.settings.resource_name(stack)
        parameter = stage.templates[stack]["Parameters"][name]
        assert value.rpartition(":")[0] == parameter["Default"].rpartition(":")[0]
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)


def aliases(stage: SynthesizedStage) -> set[str | None]:
    """Return the kubeconfig contexts that the commands of the page create."""
    updates = [of_stage(stage, text) for text in commands(PAGE) if "update-kubeconfig" in text]
    return {option(words, "--alias") for words in updates}


def snapshots(stage: SynthesizedStage) -> set[str]:
    """Return the identifiers of the snapshots that administrators may create."""
    allowed = permissions(stage, "admin", without=[CLOUDSHELL, PREFLIGHT, READS])
    resources = allowed["rds:CreateDBSnapshot"] & allowed["rds:DeleteDBSnapshot"]
    databases = {each.removeprefix("db:") for each in resources if each.startswith("db:")}
    assert instances(stage) <= databases
    return {each.removeprefix("snapshot:") for each in resources if each.startswith("snapshot:")}


def test_each_command_names_what_is_synthesized(stage: SynthesizedStage, command: str) -> None:
    check(stage, command)


@pytest.mark.parametrize(
    "wrong",
    [
        "kubectl get all -n spywatchers",
        "kubectl logs deployment/backend -n spywatcher",
        "kubectl logs deployment/spywatcher-backend -n default",
        "kubectl patch hpa backend -n spywatcher",
        "kubectl config use-context production",
        "aws eks update-kubeconfig --name production --alias x --profile x",
        "aws rds create-db-snapshot --db-instance-identifier production",
        "aws rds delete-db-snapshot --db-snapshot-identifier spywatcher-production",
        "python3 dev.py cdk deploy production/application",
        "python3 dev.py cdk deploy production/workloads"
        " --parameters spywatcher-production-workloads:Image=x:1",
    ],
)
def test_a_wrong_name_in_a_command_fails(production: SynthesizedStage, wrong: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check(production, wrong)


# Permissions ----------------------------------------------------------------------------------


def test_readers_may_run_the_aws_commands_of_their_sections(stage: SynthesizedStage) -> None:
    texts = [text for section in sections("reader") for text in commands(section)]
    aws_commands = [text for text in texts if text.startswith("aws ")]
    assert aws_commands
    for text in aws_commands:
        assert action(text) in allowed_to_readers(stage), text


def test_readers_describe_snapshots_but_do_not_create_them(stage: SynthesizedStage) -> None:
    assert action("aws rds describe-db-snapshots") in allowed_to_readers(stage)
    assert action("aws rds create-db-snapshot") not in allowed_to_readers(stage)


def test_engineers_on_call_may_scale_restart_and_roll_back(stage: SynthesizedStage) -> None:
    rules = stage.manifest("Role", "spywatcher-on-call")["rules"]
    granted = {
        (resource, verb)
        for rule in rules
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    texts = [text for section in sections("on call") for text in commands(section)]
    assert any("kubectl scale" in text for text in texts)
    assert ("deployments/scale", "patch") in granted
    assert any("rollout undo" in text for text in texts)
    assert ("deployments", "patch") in granted


def test_the_title_of_every_section_with_commands_names_a_role() -> None:
    """The section about access to the API is for all roles."""
    for title, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S):
        if commands(body) and not title.startswith("Reaching"):
            assert title.endswith(("(reader)", "(on call)", "(admin)")), title


def sections(role: str) -> list[str]:
    """Return the sections whose title names the role."""
    bodies = re.findall(rf"^## [^\n]+\({role}\)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert bodies
    return bodies


def action(command: str) -> str:
    """Return the IAM action of a command in lower case, such as rds:describedbsnapshots."""
    _, service, name, *_ = shlex.split(command)
    return f"{service}:{name.replace('-', '')}"


def allowed_to_readers(stage: SynthesizedStage) -> set[str]:
    return {action.lower() for action in permissions(stage, "reader", without=[CLOUDSHELL])}


# Profiles, settings and figures -----------------------------------------------------------------


def test_there_is_a_profile_for_each_role_of_people(stage: SynthesizedStage) -> None:
    block, identity_center = re.findall(r"^```ini\n(.*?)^```$", PAGE, re.M | re.S)
    profiles = configparser.ConfigParser()
    profiles.read_string(block.replace("production", stage.settings.stage))
    resources = stage.resources("security", "AWS::IAM::Role").values()
    by_name = {role["Properties"].get("RoleName"): role["Properties"] for role in resources}
    people = {name for name in roles(stage) if not name.endswith(("-deployer", "-reviewer"))}
    assert {name.removeprefix("profile ") for name in profiles.sections()} == people
    for section in profiles.sections():
        name = section.removeprefix("profile ")
        assert profiles[section]["role_arn"] == f"arn:aws:iam::{DOCUMENTED_ACCOUNT}:role/{name}"
        assert profiles.getint(section, "duration_seconds") == by_name[name]["MaxSessionDuration"]
        assert profiles[section]["region"] == stage.settings.region
    assert DOCUMENTED_ACCOUNT != ACCOUNT, "the page's account is an example"
    assert "mfa_serial" not in identity_center
    assert "duration_seconds" not in identity_center, "role chaining allows one hour"


def test_the_settings_that_the_page_names_exist() -> None:
    roots = "services|cluster|access"
    keys = set(re.findall(rf"`((?:{roots})(?:\.[a-z_]+)+)`", PAGE))
    assert "services.backend.replicas.minimum" in keys
    for key in keys:
        reduce(getattr, key.split("."), load_stage("production"))
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    for key in yaml.safe_load(block)["cluster"]:
        assert hasattr(load_stage("production").cluster, key)


def test_the_figures_of_the_page_are_those_of_the_manifests(
    production: SynthesizedStage,
) -> None:
    deployment = production.manifest("Deployment", "spywatcher-backend")["spec"]
    text = " ".join(PAGE.split())
    assert f"keeps the last {deployment['revisionHistoryLimit']} ReplicaSets" in text
    scaler = production.manifest("HorizontalPodAutoscaler", "spywatcher-backend")["spec"]
    assert scaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 5 * 60
    bounds = {
        name: synthesize(load_stage(name)).only("cluster", "AWS::EKS::Nodegroup")["ScalingConfig"]
        for name in ("production", "staging")
    }
    for name, bound in bounds.items():
        assert f"{bound['MinSize']} to {bound['MaxSize']} in {name}" in text
    assert f"{production.settings.cluster.pod_log_retention_days} days" in PAGE
    group = f"/aws/containerinsights/{production.settings.resource_name()}/application"
    groups = production.resources("cluster", "AWS::Logs::LogGroup").values()
    assert group in [entry["Properties"].get("LogGroupName") for entry in groups]
    assert f"`{group}`" in PAGE


def test_the_page_patches_no_autoscaler_that_keda_manages(stage: SynthesizedStage) -> None:
    """KEDA resets the minimum of such an autoscaler to the value in the ScaledObject."""
    patched = {tuple(text.split()[2:4]) for text in commands(PAGE) if "kubectl patch" in text}
    managed = names(stage, "ScaledObject")
    assert {name for kind, name in patched if kind == "scaledobject"} == managed
    assert not {name for kind, name in patched if kind == "hpa"} & managed


def test_the_links_of_the_page_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_a_release_deploys_no_pending_change_of_another_stack() -> None:
    releases = [command for command in commands(PAGE) if "Image=" in command]
    assert len(releases) == 2
    for command in releases:
        assert "--exclusively" in command.split()
