"""Settings of what an AWS account has once, whatever stages share it."""

from typing import Annotated, Literal, Self

from pydantic import model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import each_once, matching

GuardDutyFeature = Literal[
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
]


class AccountWideSettings(Settings):
    """What an account has once, and some of it once in each Region.

    `make` means that the account stack creates it (stacks/account), `use` that it exists already,
    and `none` that the account does without it. Stages that share an account must agree.
    """

    github_oidc_provider: Literal["make", "use"] = "make"
    """GitHub's OIDC provider in IAM. An account has one for each URL. Where stages of one account
    are in different Regions, the stages of one of them make it, and the others use it."""
    access_analyzer: Literal["make", "use", "none"] = "make"
    """The external access analyzer of IAM Access Analyzer, which is free. An account has one in a
    Region ("IAM Access Analyzer quotas")."""
    access_analyzer_name: Annotated[
        str,
        matching(
            r"[A-Za-z][A-Za-z0-9_.-]{0,254}",
            "a letter, then letters, digits, _ . and -, such as spywatcher-account-analyzer",
        ),
    ] = "spywatcher-account-analyzer"
    """The name of the analyzer, whether it is made or used."""
    guardduty: Literal["make", "use", "none"] = "make"
    """The GuardDuty detector, of which an account has one in a Region. It analyzes CloudTrail
    events for 4 USD a million, and VPC flow logs and DNS logs for 1 USD a GB ("Amazon GuardDuty
    pricing", us-east-1, 2026-10-07)."""
    guardduty_features: Annotated[tuple[GuardDutyFeature, ...], each_once("feature")] = ()
    """The further features of a detector that is made. The stack disables the other ones, because
    GuardDuty enables each feature that a new detector does not name (CreateDetector, Amazon
    GuardDuty API Reference). The prices of each ("Amazon GuardDuty pricing", us-east-1,
    2026-10-07):

    - S3_DATA_EVENTS: 0.80 USD a million events.
    - EKS_AUDIT_LOGS: 1.60 USD a million events.
    - EBS_MALWARE_PROTECTION: 0.03 USD a GB, which GuardDuty scans after a finding.
    - RDS_LOGIN_EVENTS: 1.00 USD a vCPU of the instances in a month.
    - LAMBDA_NETWORK_LOGS: 1.00 USD a GB.

    Runtime Monitoring (1.50 USD a vCPU) is not offered, because it needs an agent on each node.
    Nor is AI Protection (1.00 USD a GB), because no stage uses Amazon Bedrock."""
    config_recorder: Literal["make", "use", "none"] = "make"
    """The recorder of AWS Config with its delivery channel, of which an account has one in a
    Region. `use` is for a recorder of AWS Control Tower. It costs 0.003 USD a configuration item
    ("AWS Config pricing", 2026-11-23)."""
    conformance_pack: bool = True
    """Whether AWS Config evaluates the rules of the design. It costs 0.001 USD an evaluation ("AWS
    Config pricing", 2026-11-23)."""
    anomaly_monitor: Literal["make", "use", "none"] = "make"
    """The monitor of Cost Anomaly Detection, which is free. `make` needs a management account, or
    an account outside of an organization: a member account cannot monitor a tag ("Getting started
    with AWS Cost Anomaly Detection"). In a member account, use the monitor of its services, which
    AWS creates. The stage with `monitoring.account_wide` makes the monitor or subscribes to it."""
    anomaly_monitor_arn: (
        Annotated[
            str,
            matching(
                r"arn:aws:ce::\d{12}:anomalymonitor/[0-9a-f-]{36}",
                "an ARN such as arn:aws:ce::111122223333:anomalymonitor/<id>",
            ),
        ]
        | None
    ) = None
    """The ARN of a monitor that is used (`aws ce get-anomaly-monitors`)."""
    permissions_boundary: (
        Annotated[
            str,
            matching(
                r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,128}",
                "the name of a managed policy with its path, such as developers or team/developers",
            ),
        ]
        | None
    ) = None
    """The name of a managed policy of the account, with its path if it has one. It becomes the
    permissions boundary of every role that the stacks create."""

    @model_validator(mode="after")
    def _check_anomaly_monitor_arn(self) -> Self:
        if (self.anomaly_monitor == "use") != (self.anomaly_monitor_arn is not None):
            allowed = "an ARN" if self.anomaly_monitor == "use" else "none"
            raise invalid_setting(
                "anomaly_monitor_arn",
                self.anomaly_monitor_arn,
                f"{allowed}, because anomaly_monitor is {self.anomaly_monitor}",
            )
        return self

    @model_validator(mode="after")
    def _check_guardduty_features(self) -> Self:
        if self.guardduty_features and self.guardduty != "make":
            raise invalid_setting(
                "guardduty_features",
                ", ".join(self.guardduty_features),
                f"none, because guardduty is {self.guardduty}: whoever made the detector chooses "
                "its features",
            )
        return self

    @model_validator(mode="after")
    def _check_conformance_pack(self) -> Self:
        if self.conformance_pack and self.config_recorder == "none":
            raise invalid_setting(
                "conformance_pack",
                self.conformance_pack,
                "false, because config_recorder is none",
            )
        return self
