"""The stage: its stacks, and what each stack passes to the stacks after it."""

import aws_cdk as cdk

from constructs import Construct
from settings import StageSettings
from stacks.cluster.stack import ClusterStack
from stacks.data.stack import DataStack
from stacks.delivery.stack import DeliveryStack
from stacks.monitoring.log_groups import LogGroups
from stacks.monitoring.monitored_resources import MonitoredResources
from stacks.monitoring.stack import MonitoringStack
from stacks.network.stack import NetworkStack
from stacks.security.stack import SecurityStack
from stacks.shared.permissions_boundary import permissions_boundary
from stacks.shared.tags import stage_tags
from stacks.workloads.stack import WorkloadsStack


class SpyWatcherStage(cdk.Stage):
    """security -> network -> (data, cluster) -> workloads -> monitoring -> delivery.

    data and cluster do not depend on each other. Each takes about a quarter of an hour on AWS, and
    the design allows 30 minutes to recover the whole stage (INFRASTRUCTURE.md, RTO).
    """

    def __init__(
        self, scope: Construct, *, settings: StageSettings, environment: cdk.Environment
    ) -> None:
        """Create the stage, with its name as the construct id.

        Args:
            scope: The app.
            settings: The settings of the stage.
            environment: The account and the region of the stage.
        """
        super().__init__(
            scope,
            settings.stage,
            env=environment,
            permissions_boundary=permissions_boundary(settings.account_wide),
        )
        security = SecurityStack(self, settings=settings)
        network = NetworkStack(
            self,
            settings=settings,
            logs_key=security.keys.logs,
            access_logs=security.load_balancer_logs,
            web_acl_arn=security.web_acl.arn,
        )
        data = DataStack(
            self,
            settings=settings,
            vpc=network.vpc,
            security_groups=network.security_groups,
            keys=security.keys,
            admin_role=security.roles.admin,
        )
        cluster = ClusterStack(
            self,
            settings=settings,
            vpc=network.vpc,
            security_groups=network.security_groups,
            roles=security.roles,
            keys=security.keys,
        )
        workloads = WorkloadsStack(
            self,
            settings=settings,
            vpc=network.vpc,
            load_balancer=network.load_balancer,
            listener=network.https_listener,
            cluster=cluster.cluster,
            target_registration_role=cluster.target_registration_role,
            cache_endpoint=data.cache.endpoint,
            secrets_key=security.keys.secrets,
        )
        monitoring = MonitoringStack(
            self,
            settings=settings,
            resources=_monitored_resources(security, network, data, cluster, workloads),
            audit_bucket=security.audit_bucket,
            admin_role=security.roles.admin,
            topics_key=security.keys.topics,
            logs_key=security.keys.logs,
        )
        DeliveryStack(
            self,
            settings=settings,
            probe_secret=workloads.probe_secret,
            critical_topic=monitoring.topics.critical,
            warning_topic=monitoring.topics.warning,
            topics_key=security.keys.topics,
            logs_key=security.keys.logs,
            roles=security.roles,
        )
        for key, value in stage_tags(settings).items():
            cdk.Tags.of(self).add(key, value)


def _monitored_resources(
    security: SecurityStack,
    network: NetworkStack,
    data: DataStack,
    cluster: ClusterStack,
    workloads: WorkloadsStack,
) -> MonitoredResources:
    return MonitoredResources(
        load_balancer=network.load_balancer,
        backend_targets=workloads.backend_targets,
        frontend_targets=workloads.frontend_targets,
        certificate=network.certificate,
        database=data.database,
        cache=data.cache,
        node_group_names=cluster.node_group_names,
        nat_gateway_ids=network.vpc.nat_gateway_ids,
        log_groups=LogGroups(
            application=cluster.pod_logs.application,
            nodes=cluster.pod_logs.dataplane,
            control_plane=cluster.control_plane_logs,
            postgresql=data.database_log,
            redis_slow_log=data.cache.slow_log,
            firewall=security.firewall_logs,
            trail=security.trail_logs,
            flows=network.vpc.flow_logs,
        ),
    )
