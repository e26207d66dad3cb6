"""Network: the VPC, its groups, and the load balancer in front of it."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_shield as shield
from aws_cdk import aws_wafv2 as wafv2

from k8s.application import BACKEND, FRONTEND
from settings import StageSettings
from spywatcher_constructs.network_acls import TierNetworkAcls
from spywatcher_constructs.service_endpoints import ServiceEndpoints
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS, PUBLIC_SUBNETS, ThreeTierVpc
from stacks.network.s3_endpoint_policy import s3_endpoint_policy
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.base import StageStack
from stacks.shared.provider_functions import finish_provider_functions
from stacks.shared.tags import stage_tags


class NetworkStack(StageStack):
    """Three tiers over three zones, and the one way in."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        logs_key: kms.IKey,
        access_logs: s3.IBucket,
        web_acl_arn: str,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            logs_key: encrypts the flow logs.
            access_logs: takes the load balancer's access log.
            web_acl_arn: the firewall in front of the load balancer.
        """
        super().__init__(stage, "network", settings=settings, description="VPC and load balancer")
        self._hosted_zone = self._zone(settings)
        self.vpc = self._make_vpc(settings, logs_key)
        self.endpoint_group = ServiceEndpoints(
            self,
            "Endpoints",
            vpc=self.vpc,
            subnets=PRIVATE_SUBNETS,
            s3_policy=s3_endpoint_policy(
                partition=self.partition, region=self.region, account=self.account
            ),
            interface_services=settings.network.interface_endpoints,
        ).security_group
        self.load_balancer_group = self._group("LoadBalancerGroup", "Load balancer: the way in")
        acknowledge(
            self.load_balancer_group,
            "AwsSolutions-EC23",
            "CKV_AWS_260",
            reason="The public site: 443 behind WAF, and 80 that answers with a redirect only.",
        )
        self.database_group = self._group("DatabaseGroup", "PostgreSQL")
        self.cache_group = self._group("CacheGroup", "Redis")
        self.rotation_group = self._make_rotation_group()
        self.load_balancer = self._make_load_balancer(settings, access_logs)
        self.certificate = self._certificate(settings)
        self.https_listener = self._listen(settings)
        self._publish_name(settings)
        wafv2.CfnWebACLAssociation(
            self,
            "FirewallAssociation",
            resource_arn=self.load_balancer.load_balancer_arn,
            web_acl_arn=web_acl_arn,
        )
        if settings.account_wide.shield_advanced:
            shield.CfnProtection(
                self,
                "ShieldAdvanced",
                name=settings.resource_name("alb"),
                resource_arn=self.load_balancer.load_balancer_arn,
            )

        finish_provider_functions(self, stage_tags(settings))

    def _make_vpc(self, settings: StageSettings, logs_key: kms.IKey) -> ThreeTierVpc:
        network = settings.network
        vpc = ThreeTierVpc(
            self,
            "Vpc",
            name=settings.resource_name("vpc"),
            cidr=network.cidr,
            availability_zones=self.availability_zones,
            nat_gateways=network.nat_gateways,
            public_prefix_length=network.subnets.public_prefix_length,
            private_prefix_length=network.subnets.private_prefix_length,
            database_prefix_length=network.subnets.database_prefix_length,
            logs_key=logs_key,
            flow_log_retention_days=network.flow_log_retention_days,
        )
        TierNetworkAcls(
            self,
            "Acls",
            vpc=vpc,
            public_ports=(443, 80),
            application_ports=(BACKEND.port, FRONTEND.port),
            database_ports=(5432, 6379),
        )
        self._acknowledge_vpc(vpc)
        return vpc

    def _acknowledge_vpc(self, vpc: ec2.Vpc) -> None:
        for subnet in vpc.public_subnets:
            acknowledge(
                subnet.node.find_child("DefaultRoute"),
                "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
                reason="The public tier holds the load balancer and the NAT gateways alone; its "
                "network ACL lets in 80, 443 and answers, and no other tier has this route.",
            )
        acknowledge(
            vpc.node.find_child("FlowLog")
            .node.find_child("IAMRole")
            .node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="CDK writes it for the flow log's own role: writing to one log group.",
        )
        for part in self.node.find_child("Acls").node.find_all():
            if isinstance(part, ec2.CfnNetworkAcl | ec2.CfnNetworkAclEntry):
                acknowledge(
                    part,
                    "AwsSolutions-VPC3",
                    reason="The design asks for network ACLs; tests/flows walks every entry, and "
                    "fails where one is missing or wider than the flows need.",
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

    def _make_rotation_group(self) -> ec2.SecurityGroup:
        """Make the group of the functions that rotate the passwords of PostgreSQL and Redis.

        They ask AWS's APIs, by NAT gateway or endpoint, and log in to what they rotate.
        """
        group = self._group("RotationGroup", "Password rotation: PostgreSQL, Redis, AWS APIs")
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS")
        group.add_egress_rule(self.database_group, ec2.Port.tcp(5432), "Rotation to PostgreSQL")
        self.database_group.add_ingress_rule(group, ec2.Port.tcp(5432), "Rotation to PostgreSQL")
        group.add_egress_rule(self.cache_group, ec2.Port.tcp(6379), "Rotation to Redis")
        self.cache_group.add_ingress_rule(group, ec2.Port.tcp(6379), "Rotation to Redis")
        if self.endpoint_group is not None:
            self.endpoint_group.add_ingress_rule(group, ec2.Port.tcp(443), "Rotation to endpoints")
        return group

    def _make_load_balancer(
        self, settings: StageSettings, access_logs: s3.IBucket
    ) -> elbv2.ApplicationLoadBalancer:
        load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            load_balancer_name=settings.resource_name("alb"),
            vpc=self.vpc,
            vpc_subnets=PUBLIC_SUBNETS,
            internet_facing=True,
            security_group=self.load_balancer_group,
            deletion_protection=settings.deletion_protection,
            drop_invalid_header_fields=True,
            http2_enabled=True,
        )
        load_balancer.log_access_logs(access_logs)
        if not settings.deletion_protection:
            acknowledge(
                load_balancer,
                "NIST.800.53.R5-ELBDeletionProtectionEnabled",
                reason="A stage that may be deleted whole (deletion_protection: false); a load "
                "balancer holds no data.",
            )
        return load_balancer

    def _listen(self, settings: StageSettings) -> elbv2.ApplicationListener:
        """Answer 404 to all that no rule of the workloads stack claims."""
        listener = self.load_balancer.add_listener(
            "Https",
            port=443,
            certificates=[self.certificate],
            ssl_policy=elbv2.SslPolicy.TLS13_RES,
            default_action=elbv2.ListenerAction.fixed_response(404),
        )
        acknowledge(
            self.load_balancer.add_redirect(),
            "NIST.800.53.R5-ELBv2ACMCertificateRequired",
            reason="This listener answers every request with a redirect to HTTPS, nothing else.",
        )
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
