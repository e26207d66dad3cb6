"""The network stack: VPC, security groups, load balancer, certificate and DNS record."""

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
from k8s.network_policies import POSTGRESQL, REDIS
from settings import StageSettings
from spywatcher_constructs.network_acls import TierNetworkAcls
from spywatcher_constructs.service_endpoints import ServiceEndpoints
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS, PUBLIC_SUBNETS, ThreeTierVpc
from stacks.network.s3_endpoint_policy import s3_endpoint_policy
from stacks.network.security_groups import create_security_groups
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.custom_resource_providers import configure_custom_resource_providers
from stacks.shared.stage_stack import StageStack
from stacks.shared.tags import stage_tags
from stacks.shared.weak_references import refer_weakly


class NetworkStack(StageStack):
    """A VPC with three tiers of subnets, and the load balancer that receives all requests."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        logs_key: kms.IKey,
        access_logs: s3.IBucket,
        web_acl_arn: str,
    ) -> None:
        """Create the stack.

        Args:
            stage: The stage that contains the stack.
            settings: The settings of the stage.
            logs_key: The KMS key of the flow logs.
            access_logs: The bucket for the access logs of the load balancer.
            web_acl_arn: The ARN of the web ACL that protects the load balancer.
        """
        super().__init__(stage, "network", settings=settings, description="VPC and load balancer")
        hosted_zone = self._import_hosted_zone(settings)
        self.vpc = self._create_vpc(settings, logs_key)
        endpoints = self._create_endpoints(settings)
        self.security_groups = create_security_groups(
            self, vpc=self.vpc, endpoints=endpoints.security_group
        )
        self.load_balancer = self._create_load_balancer(settings, access_logs)
        self.certificate = self._create_certificate(settings, hosted_zone)
        self.https_listener = self._create_listeners()
        self._create_alias_record(settings, hosted_zone)
        self._protect_load_balancer(settings, web_acl_arn)
        configure_custom_resource_providers(self, stage_tags(settings))

    def _create_vpc(self, settings: StageSettings, logs_key: kms.IKey) -> ThreeTierVpc:
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
        acls = TierNetworkAcls(
            self,
            "Acls",
            vpc=vpc,
            public_ports=(443, 80),
            application_ports=(BACKEND.port, FRONTEND.port),
            database_ports=(POSTGRESQL, REDIS),
        )
        refer_weakly(*vpc.nat_gateways)
        _acknowledge_vpc(vpc)
        _acknowledge_acls(acls)
        return vpc

    def _create_endpoints(self, settings: StageSettings) -> ServiceEndpoints:
        return ServiceEndpoints(
            self,
            "Endpoints",
            vpc=self.vpc,
            subnets=PRIVATE_SUBNETS,
            s3_policy=s3_endpoint_policy(
                partition=self.partition, region=self.region, account=self.account
            ),
            interface_services=settings.network.interface_endpoints,
        )

    def _create_load_balancer(
        self, settings: StageSettings, access_logs: s3.IBucket
    ) -> elbv2.ApplicationLoadBalancer:
        load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            load_balancer_name=settings.resource_name("alb"),
            vpc=self.vpc,
            vpc_subnets=PUBLIC_SUBNETS,
            internet_facing=True,
            security_group=self.security_groups.load_balancer,
            deletion_protection=settings.deletion_protection,
            drop_invalid_header_fields=True,
            http2_enabled=True,
        )
        load_balancer.log_access_logs(access_logs)
        if not settings.deletion_protection:
            acknowledge(
                load_balancer,
                "NIST.800.53.R5-ELBDeletionProtectionEnabled",
                reason="The settings allow the deletion of this stage (deletion_protection: false)."
                " A load balancer holds no data.",
            )
        return load_balancer

    def _create_listeners(self) -> elbv2.ApplicationListener:
        """Create the listeners for HTTPS, which is returned, and for HTTP, which redirects to it.

        The workloads stack adds the rules of its services. The answer to other requests is 404.
        """
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
            reason="This listener redirects every request to HTTPS, and has no other action.",
        )
        return listener

    def _protect_load_balancer(self, settings: StageSettings, web_acl_arn: str) -> None:
        """Attach the web ACL, and AWS Shield Advanced where the settings ask for it."""
        wafv2.CfnWebACLAssociation(
            self,
            "FirewallAssociation",
            resource_arn=self.load_balancer.load_balancer_arn,
            web_acl_arn=web_acl_arn,
        )
        if settings.firewall.shield_advanced:
            shield.CfnProtection(
                self,
                "ShieldAdvanced",
                name=settings.resource_name("alb"),
                resource_arn=self.load_balancer.load_balancer_arn,
            )

    def _import_hosted_zone(self, settings: StageSettings) -> route53.IHostedZone:
        return route53.HostedZone.from_hosted_zone_attributes(
            self,
            "Zone",
            hosted_zone_id=settings.domain.hosted_zone_id,
            zone_name=settings.domain.hosted_zone_name,
        )

    def _create_certificate(
        self, settings: StageSettings, hosted_zone: route53.IHostedZone
    ) -> acm.ICertificate:
        """Create a certificate, or import the one that the settings name."""
        if settings.domain.certificate_arn is not None:
            return acm.Certificate.from_certificate_arn(
                self, "Certificate", settings.domain.certificate_arn
            )
        certificate = acm.Certificate(
            self,
            "Certificate",
            domain_name=settings.domain.name,
            validation=acm.CertificateValidation.from_dns(hosted_zone),
        )
        refer_weakly(certificate)
        return certificate

    def _create_alias_record(
        self, settings: StageSettings, hosted_zone: route53.IHostedZone
    ) -> None:
        route53.ARecord(
            self,
            "Name",
            zone=hosted_zone,
            record_name=f"{settings.domain.name}.",
            target=route53.RecordTarget.from_alias(
                route53_targets.LoadBalancerTarget(self.load_balancer)
            ),
        )


def _acknowledge_vpc(vpc: ec2.Vpc) -> None:
    for subnet in vpc.public_subnets:
        acknowledge(
            subnet.node.find_child("DefaultRoute"),
            "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
            reason="Only the load balancer and the NAT gateways are in the public tier. Its "
            "network ACL allows ports 80 and 443 and responses. No other tier has this route.",
        )
    flow_log_role = vpc.node.find_child("FlowLog").node.find_child("IAMRole")
    acknowledge(
        flow_log_role.node.find_child("DefaultPolicy"),
        "NIST.800.53.R5-IAMNoInlinePolicy",
        reason="The CDK creates the policy for the role of the flow log. It allows writing to one "
        "log group.",
    )


def _acknowledge_acls(acls: TierNetworkAcls) -> None:
    for child in acls.node.find_all():
        if isinstance(child, ec2.CfnNetworkAcl | ec2.CfnNetworkAclEntry):
            acknowledge(
                child,
                "AwsSolutions-VPC3",
                reason="The design requires network ACLs. tests/stacks/network/flows tests each "
                "entry, and fails if one is missing or wider than the flows need.",
            )
