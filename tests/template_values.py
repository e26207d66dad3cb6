"""The values of a stage's templates, with every reference replaced by a name or an ARN.

The names and ARNs are those that AWS would give: a resource without a name in its template gets its
logical id, or an id that begins as those of its service do.
"""

import re
from typing import Any

from tests.synthesis import ACCOUNT, SynthesizedStage

_NAMES = {
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::EC2::SecurityGroup": "",
    "AWS::EKS::Cluster": "Name",
    "AWS::ElastiCache::ReplicationGroup": "ReplicationGroupId",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SNS::Topic": "TopicName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::WAFv2::WebACL": "Name",
}
"""The property that names a resource."""

_ARNS = {
    "AWS::CloudTrail::Trail": "cloudtrail:{region}:{account}:trail/{name}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::EC2::SecurityGroup": "ec2:{region}:{account}:security-group/{name}",
    "AWS::EKS::Cluster": "eks:{region}:{account}:cluster/{name}",
    "AWS::EKS::Nodegroup": "eks:{region}:{account}:{name}",
    "AWS::ElastiCache::ReplicationGroup": "elasticache:{region}:{account}:replicationgroup:{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::RDS::DBInstance": "rds:{region}:{account}:db:{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::Scheduler::ScheduleGroup": "scheduler:{region}:{account}:schedule-group/{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
"""The ARN of a resource after `arn:aws:` ("Resource types" of the Service Authorization Reference).
A log group's ends with `:*`, as `Fn::GetAtt` returns it, and a secret's with six characters."""

_REFERENCE_IS_ARN = {
    *("AWS::IAM::ManagedPolicy", "AWS::SecretsManager::Secret", "AWS::SNS::Topic"),
    "AWS::StepFunctions::StateMachine",
}
"""The types whose `Ref` is an ARN. An alias of this kind is not among the resources of a stage."""

_ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
"""Its `Ref` is the ARN of its secret ("AWS::SecretsManager::SecretTargetAttachment", Return values,
AWS CloudFormation template reference)."""

_IDS = {"Arn": "", "GroupId": "sg-", "VpcId": "vpc-"}
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")


class TemplateValues:
    """Replaces the references in the values of a stage's templates."""

    def __init__(self, stage: SynthesizedStage) -> None:
        self._stage = stage
        self._exports = stage.exports()
        self._pseudo_parameters = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": stage.settings.region,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def resolve(self, stack: str, value: Any) -> Any:
        """Return a value of a stack's template without references."""
        if isinstance(value, list):
            return [self.resolve(stack, item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(stack, function, argument)
        return {key: self.resolve(stack, item) for key, item in value.items()}

    def name(self, stack: str, logical_id: str) -> str:
        """Return the name of a resource, or its logical id if the template gives no name."""
        resource = self._stage.templates[stack]["Resources"][logical_id]
        key = _NAMES.get(resource["Type"], "")
        return str(self.resolve(stack, resource.get("Properties", {}).get(key, logical_id)))

    def arn(self, stack: str, logical_id: str) -> str:
        """Return the ARN of a resource."""
        kind = self._stage.templates[stack]["Resources"][logical_id]["Type"]
        service = kind.split("::")[1].lower() if kind.count("::") == 2 else "lambda"
        pattern = _ARNS.get(kind, service + ":{region}:{account}:{name}")
        return "arn:aws:" + pattern.format(
            region=self._stage.settings.region,
            account=ACCOUNT,
            name=self.name(stack, logical_id),
        )

    def _call(self, stack: str, function: str, argument: Any) -> Any:
        if function == "Ref":
            return self._ref(stack, argument)
        if function == "Fn::GetAtt":
            path = argument.split(".", 1) if isinstance(argument, str) else argument
            logical_id, attribute = path
            return self._attribute(stack, logical_id, attribute)
        if function == "Fn::ImportValue":
            owner, value = self._exports[self.resolve(stack, argument)]
            return self.resolve(owner, value)
        if function == "Fn::Join":
            separator, parts = argument
            return str(separator).join(map(str, self.resolve(stack, parts)))
        if function == "Fn::Sub":
            return self._substitute(stack, argument)
        if function == "Fn::Split":
            separator, text = argument
            return str(self.resolve(stack, text)).split(separator)
        if function == "Fn::Select":
            index, items = argument
            return self.resolve(stack, items)[int(index)]
        return {function: self.resolve(stack, argument)}

    def _ref(self, stack: str, name: str) -> Any:
        if name in self._pseudo_parameters:
            return self._pseudo_parameters[name]
        template = self._stage.templates[stack]
        if name in template["Resources"]:
            resource = template["Resources"][name]
            if resource["Type"] == _ATTACHMENT:
                return self.resolve(stack, resource["Properties"]["SecretId"])
            is_arn = resource["Type"] in _REFERENCE_IS_ARN
            return self.arn(stack, name) if is_arn else self.name(stack, name)
        return template.get("Parameters", {}).get(name, {}).get("Default", name)

    def _attribute(self, stack: str, logical_id: str, attribute: str) -> str:
        if attribute.endswith("Arn"):
            return self.arn(stack, logical_id)
        return f"{_IDS.get(attribute, '')}{logical_id}"

    def _substitute(self, stack: str, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in variables:
                return str(self.resolve(stack, variables[name]))
            function = "Fn::GetAtt" if "." in name else "Ref"
            return str(self._call(stack, function, name))

        return _VARIABLE.sub(value, text)
