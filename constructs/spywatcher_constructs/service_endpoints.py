"""Endpoints of AWS services inside a VPC."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs import Construct


class ServiceEndpoints(Construct):
    """S3 by a gateway endpoint, which costs nothing, and other services by interface endpoints.

    `security_group` stands before the interface endpoints, and is empty: who uses them adds a
    rule for its own group. Where there are no interface endpoints there is no group.
    """

    security_group: ec2.ISecurityGroup | None = None

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
        """Make the endpoints.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            vpc: the VPC.
            subnets: whose route tables lead to S3, and which take the interfaces.
            s3_policy: what may be asked of S3 from these subnets. IAM's own policies apply too.
            interface_services: names as in `com.amazonaws.<region>.<name>`. Their public names
                then resolve to the interfaces in the whole VPC (private DNS).
        """
        super().__init__(scope, construct_id)
        s3 = ec2.GatewayVpcEndpoint(
            self,
            "S3",
            vpc=vpc,
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[subnets],
        )
        for statement in s3_policy:
            s3.add_to_policy(statement)
        if interface_services:
            self.security_group = ec2.SecurityGroup(
                self,
                "Group",
                vpc=vpc,
                description="Interface endpoints of AWS services",
                allow_all_outbound=False,
            )
        for name in interface_services:
            ec2.InterfaceVpcEndpoint(
                self,
                "".join(word.capitalize() for word in name.replace("-", ".").split(".")),
                vpc=vpc,
                service=ec2.InterfaceVpcEndpointAwsService(name),
                subnets=subnets,
                security_groups=[self.security_group] if self.security_group else None,
                private_dns_enabled=True,
                open=False,
            )
