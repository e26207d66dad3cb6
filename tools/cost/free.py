"""The resource types without a cost of their own, and those with a negligible cost."""

from __future__ import annotations

from collections.abc import Mapping

FREE_TYPE_PREFIXES = ("AWS::IAM::", "AWS::CE::", "AWS::Chatbot::", "AWS::CDK::", "Custom::")
"""IAM, Cost Anomaly Detection, chat configurations and metadata are free. A custom resource costs
what its Lambda function costs. The Kubernetes objects that it creates run on the nodes."""

_BILLED_ELSEWHERE = {
    "AWS::EC2::LaunchTemplate": "its volumes are billed with the node group",
    "AWS::EC2::VPCGatewayAttachment": "traffic is billed with the VPC",
    "AWS::EC2::InternetGateway": "traffic is billed with the VPC",
    "AWS::ElasticLoadBalancingV2::Listener": "billed with the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": "billed with the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "billed with the load balancer's capacity units",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "billed with the load balancer",
    "AWS::SecretsManager::RotationSchedule": "billed with its function and its requests",
    "AWS::WAFv2::WebACLAssociation": "billed with the web ACL",
    "AWS::Config::DeliveryChannel": "billed with the recorder",
    "AWS::SNS::Subscription": "messages are billed with the topic",
}

_FREE_OF_CHARGE = (
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EKS::AccessEntry",
    "AWS::EKS::PodIdentityAssociation",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::Events::Connection",
    "AWS::Events::Rule",
    "AWS::KMS::Alias",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogStream",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::EventSubscription",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::SecretTargetAttachment",
)

FREE: Mapping[str, str] = {**_BILLED_ELSEWHERE, **dict.fromkeys(_FREE_OF_CHARGE, "")}
"""The free types. A type that is billed with another resource has the name of that resource."""

NEGLIGIBLE: Mapping[str, str] = {
    "AWS::Budgets::Budget": "no charge without budget actions",
    "AWS::SNS::Topic": "2.00 USD per 100,000 e-mails after the first 1,000 of a month",
    "AWS::SQS::Queue": "0.40 USD per million requests after the first million of a month",
    "AWS::Scheduler::Schedule": "1.00 USD per million runs after the first 14 million of a month",
    "AWS::StepFunctions::StateMachine": "0.025 USD per 1,000 steps after the first 4,000 of a "
    "month; a release takes a few dozen",
}
"""The prices of types with a negligible cost. The estimate lists the types, without a cost."""


def is_free(resource_type: str) -> bool:
    """Return whether a resource type is free, or has a negligible cost."""
    known = resource_type in FREE or resource_type in NEGLIGIBLE
    return known or resource_type.startswith(FREE_TYPE_PREFIXES)
