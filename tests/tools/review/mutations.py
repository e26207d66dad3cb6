"""The changes of production whose reviews are kept as snapshots."""

import copy
from typing import Any

from tests.synthesis import Template
from tests.tools.review.stages import Mutation, first

Templates = dict[str, Template]
HOSTILE = "```\n</details>\n@someone <script>alert(1)</script> ~~~\n````` | `x` [x](http://x)\r# y"


def nothing(templates: Templates) -> None:
    pass


def another_tag(templates: Templates) -> None:
    for resource in templates["data"]["Resources"].values():
        for tag in resource.get("Properties", {}).get("Tags", ()):
            if tag["Key"] == "CostCenter":
                tag["Value"] = "research"


def another_image(templates: Templates) -> None:
    templates["workloads"]["Parameters"]["BackendImage"]["Default"] = "ghcr.io/example/backend:2"


def a_replaced_database(templates: Templates) -> None:
    first(templates["data"], "AWS::RDS::DBInstance")["Properties"]["DBName"] = "another"


def a_removed_bucket(templates: Templates) -> None:
    resources = templates["security"]["Resources"]
    for logical_id in [k for k, v in resources.items() if v["Type"] == "AWS::S3::BucketPolicy"]:
        del resources[logical_id]
    name = next(k for k, v in resources.items() if v["Type"] == "AWS::S3::Bucket")
    del resources[name]


def a_widened_security_group(templates: Templates) -> None:
    rule = first(templates["network"], "AWS::EC2::SecurityGroupIngress", "Database")["Properties"]
    rule.pop("SourceSecurityGroupId")
    rule["CidrIp"] = "0.0.0.0/0"


def a_wildcard_in_a_policy(templates: Templates) -> None:
    policy = first(templates["security"], "AWS::IAM::Policy")["Properties"]["PolicyDocument"]
    policy["Statement"][0]["Resource"] = "*"


def a_key_policy(templates: Templates) -> None:
    policy = first(templates["security"], "AWS::KMS::Key")["Properties"]["KeyPolicy"]
    policy["Statement"][0]["Principal"] = {"AWS": "*"}


def permissions_outside_the_tables(templates: Templates) -> None:
    """The web ACL, an access entry, a pod identity, RBAC and a network policy."""
    web_acl = first(templates["security"], "AWS::WAFv2::WebACL")["Properties"]
    web_acl["Rules"][1]["OverrideAction"] = {"Count": {}}
    entry = first(templates["cluster"], "AWS::EKS::AccessEntry", "Reader")["Properties"]
    entry["KubernetesGroups"] = ["system:masters"]
    identity = first(templates["cluster"], "AWS::EKS::PodIdentityAssociation")["Properties"]
    identity["ServiceAccount"] = "default"
    manifest = first(templates["cluster"], "Custom::AWSCDK-EKS-KubernetesResource", "AccessReaders")
    replace_in(manifest, "Manifest", '"verbs":["get","list","watch"]', '"verbs":["*"]')
    manifest = first(templates["workloads"], "Custom::AWSCDK-EKS-KubernetesResource", "Network")
    replace_in(manifest, "Manifest", '"port":5432', '"port":1')


def a_container_variable(templates: Templates) -> None:
    manifest = first(templates["workloads"], "Custom::AWSCDK-EKS-KubernetesResource", "Configurat")
    replace_in(manifest, "Manifest", '"NODE_ENV":"production"', '"NODE_ENV":"debug"')


def a_new_alarm(templates: Templates) -> None:
    resources = templates["monitoring"]["Resources"]
    alarm = copy.deepcopy(first(templates["monitoring"], "AWS::CloudWatch::Alarm"))
    alarm["Properties"]["AlarmName"] += "-again"
    resources["NewAlarm"] = alarm


def other_assets(templates: Templates) -> None:
    function = first(templates["data"], "AWS::Lambda::Function")["Properties"]
    function["Code"]["S3Key"] = f"{'0' * 64}.zip"


def hostile_values(templates: Templates) -> None:
    """Values that would end a code fence or a `<details>`, or mention somebody."""
    group = first(templates["network"], "AWS::EC2::SecurityGroup", "Database")
    group["Properties"]["GroupDescription"] = HOSTILE
    group["Metadata"] = {"aws:cdk:path": f"production/network/{HOSTILE}"}
    templates["network"]["Outputs"][HOSTILE] = {"Value": HOSTILE, "Description": HOSTILE}
    manifest = first(templates["workloads"], "Custom::AWSCDK-EKS-KubernetesResource", "Configurat")
    text = "```\\\\n</details>\\\\n@someone <b>"
    replace_in(manifest, "Manifest", '"NODE_ENV":"production"', f'"NODE_ENV":"{text}"')


def a_large_change(templates: Templates) -> None:
    """A replaced database, and more changes than a comment can show."""
    a_replaced_database(templates)
    widgets = templates["monitoring"]["Resources"]
    for number in range(400):
        alarm = copy.deepcopy(first(templates["monitoring"], "AWS::CloudWatch::Alarm"))
        alarm["Properties"]["AlarmName"] += f"-{number}"
        widgets[f"Alarm{number}OfALargeChangeWithALongLogicalId"] = alarm
    manifest = first(templates["workloads"], "Custom::AWSCDK-EKS-KubernetesResource", "Configurat")
    lines = ",".join(f'"VARIABLE_{number}":"{"x" * 60}"' for number in range(1000))
    replace_in(manifest, "Manifest", '"NODE_ENV":"production"', lines)


def replace_in(resource: dict[str, Any], name: str, old: str, new: str) -> None:
    """Replace a text in a property that is a string or an `Fn::Join`."""
    value = resource["Properties"][name]
    parts = [value] if isinstance(value, str) else value["Fn::Join"][1]
    replaced = [part.replace(old, new) if isinstance(part, str) else part for part in parts]
    assert replaced != parts, f"{old} is not in {name}"
    if isinstance(value, str):
        resource["Properties"][name] = replaced[0]
    else:
        value["Fn::Join"][1] = replaced


SHOWN: tuple[Mutation, ...] = (
    nothing,
    another_tag,
    another_image,
    a_replaced_database,
    a_removed_bucket,
    a_widened_security_group,
    a_wildcard_in_a_policy,
    a_key_policy,
    permissions_outside_the_tables,
    a_container_variable,
    a_new_alarm,
    other_assets,
    hostile_values,
)
