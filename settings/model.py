"""The settings of a stage: all sections of a stage file, and the rules that combine sections."""

import datetime as dt
import re
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from settings.account_wide import AccountWideSettings
from settings.addresses import check_private_subnets
from settings.application import ApplicationSettings
from settings.base import Settings, invalid_setting
from settings.cache import CacheSettings
from settings.cluster import ClusterSettings
from settings.cost import CostSettings
from settings.database import DatabaseSettings
from settings.field_types import Region, matching
from settings.maintenance import MaintenanceSettings
from settings.monitoring import MonitoringSettings
from settings.names import SecretNames
from settings.network import DomainSettings, NetworkSettings
from settings.scheduling import check_node_count, check_pod_sizes, check_second_tracks
from settings.security import AccessSettings, AuditSettings, FirewallSettings
from settings.services import ServicesSettings
from settings.support import (
    check_kubernetes_version,
    check_postgresql_version,
    end_of_support_warnings,
)

PROJECT = "spywatcher"
ACCOUNT_STAGE = "account"
"""The construct id of the `cdk.Stage` of what an account has once, beside the stages."""


def _check_three_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(zones)) != 3:
        raise ValueError("three different availability zones")
    return zones


def _check_stage_name(name: str) -> str:
    if name == ACCOUNT_STAGE:
        raise ValueError(f"another name than {ACCOUNT_STAGE}, which selects the account stack")
    return name


class StageSettings(Settings):
    """The settings of a stage. Every stage file has the settings that have no default."""

    stage: Annotated[
        str,
        matching(
            r"[a-z][a-z0-9-]{0,14}[a-z0-9]",
            "2 to 16 lower-case letters, digits and hyphens, such as staging",
        ),
        AfterValidator(_check_stage_name),
    ]
    """The name of the stage, which is the name of its file."""
    account: Annotated[str, matching(r"\d{12}", "an account number of 12 digits")] | None = None
    """The AWS account of the stage. By default, the account of the CDK CLI's credentials."""
    region: Region
    """The AWS Region of the stage."""
    availability_zones: Annotated[tuple[str, ...], AfterValidator(_check_three_zones)]
    """The three Availability Zones of the VPC. Without their names, CDK would look them up in AWS,
    or use two. In us-east-1, EKS has no control plane in the zone with the ID use1-az3."""
    deletion_protection: bool
    """Whether PostgreSQL, the load balancer and the stacks are protected against deletion, and
    whether data is kept when its stack is deleted."""
    allow_retired_versions: bool = False
    """Whether to accept versions that AWS no longer creates. The stage can then be synthesized, and
    AWS refuses a first deployment."""

    domain: DomainSettings
    network: NetworkSettings
    firewall: FirewallSettings = FirewallSettings()
    audit: AuditSettings = AuditSettings()
    access: AccessSettings = AccessSettings()
    account_wide: AccountWideSettings = AccountWideSettings()
    database: DatabaseSettings
    cache: CacheSettings
    cluster: ClusterSettings
    services: ServicesSettings
    application: ApplicationSettings = ApplicationSettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    cost: CostSettings = CostSettings()

    def resource_name(self, resource: str = "") -> str:
        """Return {project}-{environment}-{resource} (INFRASTRUCTURE.md, Resource Naming)."""
        return "-".join(filter(None, [PROJECT, self.stage, resource]))

    @property
    def secret_names(self) -> SecretNames:
        """The names of the secrets of the stage."""
        return SecretNames(prefix=self.resource_name())

    def support_warnings(self, today: dt.date) -> list[str]:
        """Return a warning for each version whose standard support has ended or ends soon."""
        return end_of_support_warnings(
            self.cluster.kubernetes_version, self.database.engine_version, today
        )

    @model_validator(mode="after")
    def _check_zones_are_in_region(self) -> Self:
        for zone in self.availability_zones:
            if not re.fullmatch(f"{self.region}[a-z]", zone):
                raise invalid_setting(
                    "availability_zones", zone, f"zones of {self.region}, such as {self.region}a"
                )
        return self

    @model_validator(mode="after")
    def _check_certificate(self) -> Self:
        """Check that the load balancer can use the certificate: ACM is regional."""
        arn = self.domain.certificate_arn
        if arn is None:
            return self
        _, _, _, region, account, _ = arn.split(":")
        if region != self.region or self.account not in (None, account):
            raise invalid_setting(
                "domain.certificate_arn",
                arn,
                f"a certificate in {self.region} of account {self.account or account}",
            )
        return self

    @model_validator(mode="after")
    def _check_anomaly_monitor(self) -> Self:
        """Check that the monitor is one of the account, whose subscriptions can name no other."""
        arn = self.account_wide.anomaly_monitor_arn
        if arn is not None and self.account not in (None, arn.split(":")[4]):
            raise invalid_setting(
                "account_wide.anomaly_monitor_arn", arn, f"a monitor of account {self.account}"
            )
        return self

    @model_validator(mode="after")
    def _check_sources_of_restores(self) -> Self:
        """Check that RDS has the backups in the Region of the stage.

        It restores copied backups in the Region that has the copies ("Restoring to a specified time
        from a replicated backup"), and a snapshot of another Region only after CopyDBSnapshot.
        """
        for index, generation in enumerate(self.database.generations):
            for key in ("restore_from_snapshot", "restore_source_backups_arn"):
                source = getattr(generation, key)
                is_arn = source is not None and source.startswith("arn:")
                if is_arn and source.split(":")[3] != self.region:
                    raise invalid_setting(
                        f"database.generations.{index}.{key}", source, f"one in {self.region}"
                    )
        return self

    @model_validator(mode="after")
    def _check_capacity(self) -> Self:
        check_private_subnets(self.network, self.cluster)
        check_pod_sizes(self.services, self.cluster)
        check_node_count(self.services, self.cluster)
        check_second_tracks(self.services, self.cluster)
        return self

    @model_validator(mode="after")
    def _check_backups(self) -> Self:
        days = self.database.backup_retention_days
        if self.deletion_protection and not days:
            raise invalid_setting(
                "database.backup_retention_days",
                days,
                "1 to 35 where deletion_protection is true: data that must not be lost is backed "
                "up",
            )
        second_region = self.database.second_region
        if second_region is not None and second_region.region == self.region:
            raise invalid_setting(
                "database.second_region.region",
                second_region.region,
                "another region than this one",
            )
        return self

    @model_validator(mode="after")
    def _check_versions(self) -> Self:
        if not self.allow_retired_versions:
            today = dt.datetime.now(dt.UTC).date()
            check_kubernetes_version(self.cluster.kubernetes_version, today)
            check_postgresql_version(self.database.engine_version, today)
        return self
