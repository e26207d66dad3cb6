"""Network: the VPC, its groups, and the load balancer in front of it."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_wafv2 as wafv2

from settings import StageSettings
from spywatcher_constructs.log_retention import log_retention
from stacks.base import StageStack

PUBLIC = ec2.SubnetSelection(subnet_group_name="public")
PRIVATE = ec2.SubnetSelection(subnet_group_name="private")
DATABASE = ec2.SubnetSelection(subnet_group_name="database")


class NetworkStack(StageStack):
    """Three tiers over three zones, and the one way in."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        logs_key: kms.IKey,
        web_acl_arn: str,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            logs_key: encrypts the flow logs.
            web_acl_arn: the firewall in front of the load balancer.
        """
        super().__init__(stage, "network", settings=settings, description="VPC and load balancer")
        self._hosted_zone = self._zone(settings)
        self.vpc = self._make_vpc(settings)
        self._log_flows(settings, logs_key)
        self.load_balancer_group = self._group("LoadBalancerGroup", "Load balancer: the way in")
        self.database_group = self._group("DatabaseGroup", "PostgreSQL")
        self.cache_group = self._group("CacheGroup", "Redis")
        self.load_balancer = self._make_load_balancer(settings)
        self.https_listener = self._listen(settings)
        self._publish_name(settings)
        wafv2.CfnWebACLAssociation(
            self,
            "FirewallAssociation",
            resource_arn=self.load_balancer.load_balancer_arn,
            web_acl_arn=web_acl_arn,
        )

    def _make_vpc(self, settings: StageSettings) -> ec2.Vpc:
        sizes = settings.network.subnets
        return ec2.Vpc(
            self,
            "Vpc",
            vpc_name=settings.resource_name("vpc"),
            ip_addresses=ec2.IpAddresses.cidr(settings.network.cidr),
            availability_zones=self.availability_zones,
            nat_gateways=settings.network.nat_gateways,
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="private",
                    subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS,
                    cidr_mask=sizes.private_prefix_length,
                ),
                ec2.SubnetConfiguration(
                    name="public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=sizes.public_prefix_length,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="database",
                    subnet_type=ec2.SubnetType.PRIVATE_ISOLATED,
                    cidr_mask=sizes.database_prefix_length,
                ),
            ],
        )

    def _log_flows(self, settings: StageSettings, logs_key: kms.IKey) -> None:
        group = logs.LogGroup(
            self,
            "FlowLogs",
            retention=log_retention(settings.network.flow_log_retention_days),
            encryption_key=logs_key,
            removal_policy=self.removal_policy,
        )
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )

    def _group(self, construct_id: str, description: str) -> ec2.SecurityGroup:
        """Make a group that lets nothing out. Rules to and from pods stand in the cluster stack."""
        return ec2.SecurityGroup(
            self,
            construct_id,
            vpc=self.vpc,
            description=description,
            allow_all_outbound=False,
        )

    def _make_load_balancer(self, settings: StageSettings) -> elbv2.ApplicationLoadBalancer:
        load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            load_balancer_name=settings.resource_name("alb"),
            vpc=self.vpc,
            vpc_subnets=PUBLIC,
            internet_facing=True,
            security_group=self.load_balancer_group,
            deletion_protection=settings.deletion_protection,
            drop_invalid_header_fields=True,
            http2_enabled=True,
        )
        load_balancer.log_access_logs(self._make_access_log_bucket())
        return load_balancer

    def _make_access_log_bucket(self) -> s3.Bucket:
        """Load balancers write to buckets with S3's own key only, not with one from KMS."""
        return s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(90),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                )
            ],
            removal_policy=self.removal_policy,
            auto_delete_objects=self.removal_policy == cdk.RemovalPolicy.DESTROY,
        )

    def _listen(self, settings: StageSettings) -> elbv2.ApplicationListener:
        """Answer 404 to all that no rule of the workloads stack claims."""
        listener = self.load_balancer.add_listener(
            "Https",
            port=443,
            certificates=[self._certificate(settings)],
            ssl_policy=elbv2.SslPolicy.TLS13_RES,
            default_action=elbv2.ListenerAction.fixed_response(404),
        )
        self.load_balancer.add_redirect()
        return listener

    def _zone(self, settings: StageSettings) -> route53.IHostedZone:
        return route53.HostedZone.from_hosted_zone_attributes(
            self,
            "Zone",
            hosted_zone_id=settings.domain.hosted_zone_id,
            zone_name=settings.domain.hosted_zone_name,
        )

    def _certificate(self, settings: StageSettings) -> acm.ICertificate:
        if settings.domain.certificate_arn is not None:
            return acm.Certificate.from_certificate_arn(
                self, "Certificate", settings.domain.certificate_arn
            )
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=settings.domain.name,
            validation=acm.CertificateValidation.from_dns(self._hosted_zone),
        )

    def _publish_name(self, settings: StageSettings) -> None:
        route53.ARecord(
            self,
            "Name",
            zone=self._hosted_zone,
            record_name=f"{settings.domain.name}.",
            target=route53.RecordTarget.from_alias(
                route53_targets.LoadBalancerTarget(self.load_balancer)
            ),
        )
