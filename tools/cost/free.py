"""Resource types that cost nothing by themselves, and those whose use costs less than a dollar."""

from __future__ import annotations

from collections.abc import Mapping

FREE_FAMILIES = ("AWS::IAM::", "AWS::CE::", "AWS::Chatbot::", "AWS::CDK::", "Custom::")
"""Identities, anomaly detection, chat configurations, metadata. A custom resource costs what its
function costs, and what it makes: the Kubernetes objects run on the nodes."""

_COUNTED_WITH = {
    "AWS::EC2::LaunchTemplate": "its volumes count with the node group",
    "AWS::EC2::VPCGatewayAttachment": "traffic counts with the VPC",
    "AWS::EC2::InternetGateway": "traffic counts with the VPC",
    "AWS::ElasticLoadBalancingV2::Listener": "counts with the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": "counts with the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "in the load balancer's capacity units",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "counts with the load balancer",
    "AWS::SecretsManager::RotationSchedule": "its function and calls count elsewhere",
    "AWS::WAFv2::WebACLAssociation": "counts with the web ACL",
    "AWS::Config::DeliveryChannel": "counts with the recorder",
    "AWS::SNS::Subscription": "messages count with the topic",
}

_NOTHING = (
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

FREE: Mapping[str, str] = {**_COUNTED_WITH, **dict.fromkeys(_NOTHING, "")}
"""Each free type; with the reason where it is not plain that AWS asks nothing for it."""

NEGLIGIBLE: Mapping[str, str] = {
    "AWS::Budgets::Budget": "no charge without budget actions",
    "AWS::SNS::Topic": "2.00 USD per 100,000 e-mails after the first 1,000 of a month",
    "AWS::SQS::Queue": "0.40 USD per million requests after the first million of a month",
    "AWS::Scheduler::Schedule": "1.00 USD per million runs after the first 14 million of a month",
    "AWS::StepFunctions::StateMachine": "0.025 USD per 1,000 steps after the first 4,000 of a "
    "month; a release takes a few dozen",
}
"""Types whose use is too little to be counted here; the report names them with their price."""


def is_free(resource_type: str) -> bool:
    """Whether a type never shows on the bill, or never with a dollar."""
    known = resource_type in FREE or resource_type in NEGLIGIBLE
    return known or resource_type.startswith(FREE_FAMILIES)
