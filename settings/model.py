"""The settings of a stage, whole: what a stage file may hold, and what must fit together."""

import datetime as dt
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from settings import support, versions
from settings.addresses import RESERVED_ADDRESSES, count_required_addresses
from settings.application import ApplicationSettings
from settings.base import Settings, reject
from settings.cluster import ClusterSettings
from settings.cost import CostSettings
from settings.data import CacheSettings, DatabaseSettings
from settings.instances import NODE_TYPES
from settings.maintenance import MaintenanceSettings
from settings.monitoring import MonitoringSettings
from settings.network import DomainSettings, NetworkSettings
from settings.scheduling import check_services_fit_nodes
from settings.security import AccessSettings, AccountSettings, AuditSettings, FirewallSettings
from settings.services import ServicesSettings

PROJECT = "spywatcher"


def _three_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(zones)) != 3:
        raise ValueError("three different availability zones")
    return zones


class StageSettings(Settings):
    """Everything that differs, or may differ, between stages."""

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,15}$")]
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """Left out, the account that the CLI's credentials belong to."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    availability_zones: Annotated[tuple[str, ...], AfterValidator(_three_zones)]
    """Named, since an environment without them would get two, or ask AWS at every synthesis.
    In us-east-1 the zone with the id use1-az3 takes no EKS control plane.
    """
    deletion_protection: bool
    """Whether the data stores, the load balancer and the stacks refuse to be deleted."""
    allow_retired_versions: bool = False
    """Synthesize versions that AWS no longer creates. Such a stage cannot be deployed anew."""

    domain: DomainSettings
    network: NetworkSettings
    firewall: FirewallSettings = FirewallSettings()
    audit: AuditSettings = AuditSettings()
    access: AccessSettings = AccessSettings()
    account_wide: AccountSettings
    database: DatabaseSettings
    cache: CacheSettings
    cluster: ClusterSettings
    services: ServicesSettings
    application: ApplicationSettings = ApplicationSettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    cost: CostSettings = CostSettings()

    def resource_name(self, resource: str = "") -> str:
        """Return `{project}-{environment}-{resource}`, the design's pattern for names."""
        return "-".join(filter(None, [PROJECT, self.stage, resource]))

    @model_validator(mode="after")
    def _zones_of_the_region(self) -> Self:
        for zone in self.availability_zones:
            if zone[:-1] != self.region:
                reject(
                    "availability_zones", zone, f"zones of {self.region}, such as {self.region}a"
                )
        return self

    @model_validator(mode="after")
    def _pods_fit(self) -> Self:
        nodes = self.cluster.nodes
        needed = count_required_addresses(
            max_nodes=nodes.max_nodes,
            max_pods=NODE_TYPES[nodes.instance_type].max_pods,
            interface_endpoints=len(self.network.interface_endpoints),
        )
        if needed > self.network.subnets.addresses("private") - RESERVED_ADDRESSES:
            longest = 32 - (needed + RESERVED_ADDRESSES - 1).bit_length()
            reject(
                "network.subnets.private_prefix_length",
                self.network.subnets.private_prefix_length,
                f"at most {longest}: {nodes.max_nodes} nodes of {nodes.instance_type} and their "
                f"pods take {needed} addresses of a subnet while a zone is lost",
            )
        return self

    @model_validator(mode="after")
    def _services_fit(self) -> Self:
        check_services_fit_nodes(self.services, self.cluster)
        return self

    @model_validator(mode="after")
    def _backups_of_protected_data(self) -> Self:
        days = self.database.backup_retention_days
        if self.deletion_protection and not days:
            reject(
                "database.backup_retention_days",
                days,
                "1 to 35 where deletion_protection is true: data that must not be lost is backed "
                "up",
            )
        copies = self.database.second_region
        if copies is not None and copies.region == self.region:
            reject("database.second_region.region", copies.region, "another region than this one")
        return self

    @model_validator(mode="after")
    def _versions_exist(self, info: ValidationInfo) -> Self:
        today = (info.context or {}).get("today") or dt.datetime.now(dt.UTC).date()
        if self.allow_retired_versions:
            return self
        kubernetes = self.cluster.kubernetes_version
        if allowed := support.kubernetes_fault(kubernetes, today):
            reject("cluster.kubernetes_version", kubernetes, allowed)
        if kubernetes not in versions.ADD_ONS:
            known = ", ".join(versions.ADD_ONS)
            reject(
                "cluster.kubernetes_version",
                kubernetes,
                f"one of {known}: settings/versions.py has no add-ons for another",
            )
        postgresql = self.database.engine_version
        if allowed := support.postgresql_fault(postgresql, today):
            reject("database.engine_version", postgresql, allowed)
        return self

    def retiring_versions(self, today: dt.date) -> list[str]:
        """Return a warning for each version whose standard support has ended or ends soon."""
        major = self.database.engine_version.partition(".")[0]
        used = {
            f"Kubernetes {self.cluster.kubernetes_version}": support.KUBERNETES.get(
                self.cluster.kubernetes_version
            ),
            f"PostgreSQL {major}": support.POSTGRESQL.get(major),
        }
        return [
            f"{name}: standard support ends on {end}; plan the upgrade"
            for name, dates in used.items()
            if dates and (end := support.ends_soon(dates, today))
        ]
