"""What the custom resources may hold: the fields that are used here, of the controllers' own types.

An API server drops a field that it does not know, without a word; so a misspelt one must fail here.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

TEXT = {"type": "string", "minLength": 1}
NUMBER_TEXT = {"type": "string", "pattern": r"^\d+$"}
COUNT = {"type": "integer", "minimum": 0}


def closed(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def items(schema: Any) -> Any:
    return {"type": "array", "minItems": 1, "items": schema}


_REMOTE = closed({"key": TEXT}, {"property": TEXT})
_RULES = closed(
    {
        "stabilizationWindowSeconds": COUNT,
        "selectPolicy": {"enum": ["Max", "Min", "Disabled"]},
        "policies": items(
            closed({"type": {"enum": ["Percent", "Pods"]}, "value": COUNT, "periodSeconds": COUNT})
        ),
    }
)
_UTILIZATION = closed(
    {
        "type": {"enum": ["cpu", "memory"]},
        "metricType": {"const": "Utilization"},
        "metadata": closed({"value": NUMBER_TEXT}),
    }
)
_CLOUDWATCH = closed(
    {
        "type": {"const": "aws-cloudwatch"},
        "metricType": {"enum": ["AverageValue", "Value"]},
        "authenticationRef": closed({"name": TEXT}),
        "metadata": closed(
            {
                **dict.fromkeys(("awsRegion", "namespace", "metricName"), TEXT),
                **dict.fromkeys(("dimensionName", "dimensionValue"), TEXT),
                "metricStat": {"enum": ["Sum", "Average", "Maximum", "Minimum", "SampleCount"]},
                **dict.fromkeys(("metricStatPeriod", "metricCollectionTime"), NUMBER_TEXT),
                **dict.fromkeys(("metricEndTimeOffset", "minMetricValue"), NUMBER_TEXT),
                "targetMetricValue": NUMBER_TEXT,
            }
        ),
    }
)

SPECS: dict[tuple[str, str], Any] = {
    ("elbv2.k8s.aws/v1beta1", "TargetGroupBinding"): closed(
        {
            "serviceRef": closed({"name": TEXT, "port": COUNT}),
            "targetGroupARN": TEXT,
            "targetType": {"enum": ["ip", "instance"]},
        }
    ),
    ("external-secrets.io/v1", "SecretStore"): closed(
        {
            "provider": closed(
                {"aws": closed({"service": {"const": "SecretsManager"}, "region": TEXT})}
            )
        }
    ),
    ("external-secrets.io/v1", "ExternalSecret"): closed(
        {
            "refreshInterval": {"type": "string", "pattern": r"^\d+[smh]$"},
            "secretStoreRef": closed({"kind": {"const": "SecretStore"}, "name": TEXT}),
            "target": closed(
                {
                    "name": TEXT,
                    "creationPolicy": {"enum": ["Owner", "Orphan", "Merge", "None"]},
                    "deletionPolicy": {"enum": ["Delete", "Merge", "Retain"]},
                    "template": closed(
                        {"engineVersion": {"const": "v2"}, "type": {"const": "Opaque"}},
                        {
                            "mergePolicy": {"enum": ["Replace", "Merge"]},
                            "data": {"type": "object", "additionalProperties": TEXT},
                            "templateFrom": items(
                                closed({"target": {"const": "Data"}, "literal": TEXT})
                            ),
                        },
                    ),
                }
            ),
            "data": items(closed({"secretKey": TEXT, "remoteRef": _REMOTE})),
        },
        {"dataFrom": items(closed({"extract": _REMOTE}))},
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): closed(
        {"podIdentity": closed({"provider": {"const": "aws"}})}
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): closed(
        {
            "scaleTargetRef": closed({"apiVersion": TEXT, "kind": TEXT, "name": TEXT}),
            "minReplicaCount": COUNT,
            "maxReplicaCount": COUNT,
            "advanced": closed(
                {
                    "horizontalPodAutoscalerConfig": closed(
                        {
                            "name": TEXT,
                            "behavior": closed({"scaleUp": _RULES, "scaleDown": _RULES}),
                        }
                    )
                }
            ),
            "triggers": items({"anyOf": [_UTILIZATION, _CLOUDWATCH]}),
        }
    ),
}


def is_custom(item: Mapping[str, Any]) -> bool:
    """Whether the object is of a custom resource definition."""
    group = str(item["apiVersion"]).rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def faults(item: Mapping[str, Any]) -> list[str]:
    """Return what its definition would refuse or drop."""
    schema = SPECS[item["apiVersion"], item["kind"]]
    whole = closed(
        {"apiVersion": TEXT, "kind": TEXT, "metadata": {"type": "object"}, "spec": schema}
    )
    return [error.message for error in Draft202012Validator(whole).iter_errors(item)]
