"""What the account has once: whether the settings say `make` or `use` as the account needs it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from settings import StageSettings, load_stage, stage_names
from settings.model import PROJECT
from tools.operations.preflight.row import Row, missing, ok

if TYPE_CHECKING:
    from boto3 import Session

ACCOUNT_STACK = f"{PROJECT}-account"
_GITHUB_OIDC_PROVIDER = "token.actions.githubusercontent.com"


class Item(NamedTuple):
    """Something that an account has once."""

    setting: str
    """The key in `account_wide` of the settings."""
    name: str
    resource_type: str
    """The type of the resource in the account stack."""


OIDC_PROVIDER = Item("github_oidc_provider", "GitHub's OIDC provider", "AWS::IAM::OIDCProvider")
ACCESS_ANALYZER = Item("access_analyzer", "Access Analyzer", "AWS::AccessAnalyzer::Analyzer")
GUARDDUTY = Item("guardduty", "GuardDuty detector", "AWS::GuardDuty::Detector")
CONFIG_RECORDER = Item("config_recorder", "Config recorder", "AWS::Config::ConfigurationRecorder")


def check_shared_account(session: "Session", settings: StageSettings) -> list[Row]:
    """Name the stages that can change this one, because they share its bootstrap roles."""
    account = session.client("sts").get_caller_identity()["Account"]
    others = [
        other.stage
        for other in map(load_stage, stage_names())
        if other.stage != settings.stage
        and other.region == settings.region
        and (other.account or account) == account
    ]
    if not others:
        return [ok("Account", f"{account}, for this stage only")]
    return [
        ok(
            "Account",
            f"{account}, shared with {', '.join(others)}: whoever may deploy one stage can change "
            "the other, because both use the roles of cdk bootstrap",
        )
    ]


def check_account_stack(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the account stack is deployed, which the stages of the account need."""
    if _created_types(session) is not None:
        return [ok("Account stack", f"{ACCOUNT_STACK} is deployed")]
    return [
        missing(
            "Account stack",
            f"{ACCOUNT_STACK} is not deployed",
            allowed="deployed once for each account and Region, before the stages",
            fix="python3 dev.py cdk deploy 'account/*'",
        )
    ]


def check_oidc_provider(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the OIDC provider of GitHub. IAM refuses a second one with its URL."""
    account = session.client("sts").get_caller_identity()
    partition = account["Arn"].split(":")[1]
    client = session.client("iam")
    try:
        client.get_open_id_connect_provider(
            OpenIDConnectProviderArn=f"arn:{partition}:iam::{account['Account']}:oidc-provider/"
            f"{_GITHUB_OIDC_PROVIDER}"
        )
    except client.exceptions.NoSuchEntityException:
        return [_compare(session, settings, OIDC_PROVIDER, exists=False)]
    return [_compare(session, settings, OIDC_PROVIDER, exists=True)]


def check_access_analyzer(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the external access analyzer, of which an account has one in a Region."""
    pages = (
        session.client("accessanalyzer").get_paginator("list_analyzers").paginate(type="ACCOUNT")
    )
    names = [analyzer["name"] for page in pages for analyzer in page["analyzers"]]
    wanted = settings.account_wide.access_analyzer_name
    if settings.account_wide.access_analyzer == "use" and names and wanted not in names:
        return [
            missing(
                ACCESS_ANALYZER.name,
                f"no {wanted}",
                allowed=", ".join(names),
                fix=f"set account_wide.access_analyzer_name in settings/{settings.stage}.yaml",
            )
        ]
    return [_compare(session, settings, ACCESS_ANALYZER, exists=bool(names))]


def check_guardduty(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the GuardDuty detector, of which an account has one in a Region."""
    exists = bool(session.client("guardduty").list_detectors()["DetectorIds"])
    return [_compare(session, settings, GUARDDUTY, exists=exists)]


def check_config_recorder(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the recorder of AWS Config, of which an account has one in a Region."""
    response = session.client("config").describe_configuration_recorders()
    exists = bool(response["ConfigurationRecorders"])
    return [_compare(session, settings, CONFIG_RECORDER, exists=exists)]


def check_anomaly_monitor(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that an anomaly monitor which the settings use exists."""
    arn = settings.account_wide.anomaly_monitor_arn
    subject = "Anomaly monitor"
    if arn is None:
        return [ok(subject, settings.account_wide.anomaly_monitor)]
    client = session.client("ce")
    try:
        client.get_anomaly_monitors(MonitorArnList=[arn])
    except client.exceptions.UnknownMonitorException:
        return [
            missing(
                subject,
                f"no {arn}",
                allowed="the ARN of a monitor of the account",
                fix="aws ce get-anomaly-monitors, then set account_wide.anomaly_monitor_arn in "
                f"settings/{settings.stage}.yaml",
            )
        ]
    return [ok(subject, arn)]


def _compare(session: "Session", settings: StageSettings, item: Item, *, exists: bool) -> Row:
    """Return the row about an item that exists in the account, or does not."""
    setting = getattr(settings.account_wide, item.setting)
    is_ours = item.resource_type in (_created_types(session) or ())
    fix = f"set account_wide.{item.setting} in settings/{settings.stage}.yaml"
    if setting == "make" and exists and not is_ours:
        return missing(item.name, "make, and the account has one already", allowed="use", fix=fix)
    if setting == "use" and not exists:
        return missing(item.name, "use, and the account has none", allowed="make", fix=fix)
    if setting == "use" and is_ours:
        return missing(
            item.name,
            f"use, and {ACCOUNT_STACK} has made it: the stack would delete it",
            allowed="make",
            fix=fix,
        )
    return ok(item.name, setting)


def _created_types(session: "Session") -> set[str] | None:
    """Return the types of the resources in the account stack; None if it is not deployed."""
    client: Any = session.client("cloudformation")
    try:
        response: Mapping[str, Any] = client.describe_stack_resources(StackName=ACCOUNT_STACK)
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return {
        resource["ResourceType"]
        for resource in response["StackResources"]
        if resource["ResourceStatus"] not in ("DELETE_COMPLETE", "CREATE_FAILED")
    }
