"""The account stack: OIDC provider, Access Analyzer, GuardDuty and AWS Config."""

from typing import get_args

import aws_cdk as cdk
from aws_cdk import aws_accessanalyzer as accessanalyzer
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_iam as iam

from settings.account_wide import AccountWideSettings, GuardDutyFeature
from settings.model import PROJECT
from stacks.account.config_recorder import ConfigRecorder
from stacks.account.conformance_pack import create_conformance_pack
from stacks.shared.custom_resource_providers import configure_custom_resource_providers
from stacks.shared.names import GITHUB_OIDC_PROVIDER
from stacks.shared.permissions_boundary import permissions_boundary
from stacks.shared.stage_stack import data_removal_policy
from stacks.shared.tags import ACCOUNT_TAGS

_FEATURES_NOT_OFFERED = ("RUNTIME_MONITORING", "AI_PROTECTION", "AI_ANALYST")
"""Features that the settings do not offer. EKS_RUNTIME_MONITORING is not among them: GuardDuty
refuses a request that names it beside RUNTIME_MONITORING, which includes it (CreateDetector, Amazon
GuardDuty API Reference)."""


class AccountStack(cdk.Stack):
    """What the settings make in one Region of an account.

    The name is `spywatcher-account` in each Region. No stack of a stage imports a value of this
    stack, so that each can be changed and deleted without the other. They derive the ARN of the
    OIDC provider and of the analyzer from their names.
    """

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        region: str,
        settings: AccountWideSettings,
        is_protected: bool,
    ) -> None:
        """Create the stack, with the Region as the construct id.

        Args:
            stage: The stage of the account.
            region: The Region of the stack.
            settings: What the account has, and what the stack makes of it.
            is_protected: Whether the stack is protected against deletion, and keeps the records of
                AWS Config when it is deleted.
        """
        super().__init__(
            stage,
            region,
            stack_name=f"{PROJECT}-account",
            env=cdk.Environment(region=region),
            description="OIDC provider, Access Analyzer, GuardDuty and AWS Config of the account",
            termination_protection=is_protected,
            permissions_boundary=permissions_boundary(settings),
        )
        if settings.github_oidc_provider == "make":
            iam.OidcProviderNative(
                self,
                "Github",
                url=f"https://{GITHUB_OIDC_PROVIDER}",
                client_ids=["sts.amazonaws.com"],
            )
        if settings.access_analyzer == "make":
            accessanalyzer.CfnAnalyzer(
                self, "Analyzer", type="ACCOUNT", analyzer_name=settings.access_analyzer_name
            )
        if settings.guardduty == "make":
            self._create_detector(settings.guardduty_features)
        recorder = None
        if settings.config_recorder == "make":
            recorder = ConfigRecorder(
                self, "Config", removal_policy=data_removal_policy(is_protected=is_protected)
            )
        if settings.conformance_pack:
            pack = create_conformance_pack(self)
            if recorder:
                pack.node.add_dependency(recorder)
        configure_custom_resource_providers(self, ACCOUNT_TAGS)

    def _create_detector(self, enabled: tuple[GuardDutyFeature, ...]) -> None:
        """Create the detector, which names each feature: GuardDuty enables what it does not name.

        Args:
            enabled: The features to enable.
        """
        features = (*get_args(GuardDutyFeature), *_FEATURES_NOT_OFFERED)
        guardduty.CfnDetector(
            self,
            "Detector",
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            features=[
                guardduty.CfnDetector.CFNFeatureConfigurationProperty(
                    name=feature, status="ENABLED" if feature in enabled else "DISABLED"
                )
                for feature in features
            ],
        )
