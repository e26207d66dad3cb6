"""The VPC endpoints of AWS services."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs import Construct


class ServiceEndpoints(Construct):
    """A gateway endpoint of S3, which is free of charge, and interface endpoints of other services.

    The security group of the interface endpoints has no rules. Each client of an endpoint adds a
    rule for its own security group. Without interface endpoints, there is no security group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        s3_policy: Sequence[iam.PolicyStatement],
        interface_services: Sequence[str],
    ) -> None:
        """Create the endpoints.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            vpc: The VPC.
            subnets: The subnets that use the S3 endpoint and contain the interface endpoints.
            s3_policy: The requests to S3 that the endpoint allows. IAM policies apply, too.
            interface_services: The services with an interface endpoint, named as in
                `com.amazonaws.<region>.<name>`. The whole VPC uses these endpoints, since private
                DNS resolves the public names of the services to them.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._subnets = subnets
        self._create_s3_endpoint(s3_policy)
        self.security_group = self._create_security_group() if interface_services else None
        for name in interface_services:
            self._create_interface_endpoint(name)

    def _create_s3_endpoint(self, policy: Sequence[iam.PolicyStatement]) -> None:
        endpoint = ec2.GatewayVpcEndpoint(
            self,
            "S3",
            vpc=self._vpc,
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[self._subnets],
        )
        for statement in policy:
            endpoint.add_to_policy(statement)

    def _create_security_group(self) -> ec2.ISecurityGroup:
        return ec2.SecurityGroup(
            self,
            "Group",
            vpc=self._vpc,
            description="Interface endpoints of AWS services",
            allow_all_outbound=False,
        )

    def _create_interface_endpoint(self, name: str) -> None:
        ec2.InterfaceVpcEndpoint(
            self,
            "".join(word.capitalize() for word in name.replace("-", ".").split(".")),
            vpc=self._vpc,
            service=ec2.InterfaceVpcEndpointAwsService(name),
            subnets=self._subnets,
            security_groups=[self.security_group] if self.security_group else None,
            private_dns_enabled=True,
            open=False,
        )
