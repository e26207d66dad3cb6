"""The schemas of the custom resources: the fields of the controllers' types that the charts use.

The API server drops an unknown field without an error, so that a misspelled one must fail here.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

TEXT = {"type": "string", "minLength": 1}
NUMBER_TEXT = {"type": "string", "pattern": r"^\d+$"}
COUNT = {"type": "integer", "minimum": 0}


def closed_object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def non_empty_array(schema: Any) -> Any:
    return {"type": "array", "minItems": 1, "items": schema}


_REMOTE = closed_object({"key": TEXT}, {"property": TEXT})
_RULES = closed_object(
    {
        "stabilizationWindowSeconds": COUNT,
        "selectPolicy": {"enum": ["Max", "Min", "Disabled"]},
        "policies": non_empty_array(
            closed_object(
                {"type": {"enum": ["Percent", "Pods"]}, "value": COUNT, "periodSeconds": COUNT}
            )
        ),
    }
)
_UTILIZATION = closed_object(
    {
        "type": {"enum": ["cpu", "memory"]},
        "metricType": {"const": "Utilization"},
        "metadata": closed_object({"value": NUMBER_TEXT}),
    }
)
_CLOUDWATCH = closed_object(
    {
        "type": {"const": "aws-cloudwatch"},
        "metricType": {"enum": ["AverageValue", "Value"]},
        "authenticationRef": closed_object({"name": TEXT}),
        "metadata": closed_object(
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
    ("elbv2.k8s.aws/v1beta1", "TargetGroupBinding"): closed_object(
        {
            "serviceRef": closed_object({"name": TEXT, "port": COUNT}),
            "targetGroupARN": TEXT,
            "targetType": {"enum": ["ip", "instance"]},
        }
    ),
    ("external-secrets.io/v1", "SecretStore"): closed_object(
        {
            "provider": closed_object(
                {"aws": closed_object({"service": {"const": "SecretsManager"}, "region": TEXT})}
            )
        }
    ),
    ("external-secrets.io/v1", "ExternalSecret"): closed_object(
        {
            "refreshInterval": {"type": "string", "pattern": r"^\d+[smh]$"},
            "secretStoreRef": closed_object({"kind": {"const": "SecretStore"}, "name": TEXT}),
            "target": closed_object(
                {
                    "name": TEXT,
                    "creationPolicy": {"enum": ["Owner", "Orphan", "Merge", "None"]},
                    "deletionPolicy": {"enum": ["Delete", "Merge", "Retain"]},
                    "template": closed_object(
                        {"engineVersion": {"const": "v2"}, "type": {"const": "Opaque"}},
                        {
                            "mergePolicy": {"enum": ["Replace", "Merge"]},
                            "data": {"type": "object", "additionalProperties": TEXT},
                            "templateFrom": non_empty_array(
                                closed_object({"target": {"const": "Data"}, "literal": TEXT})
                            ),
                        },
                    ),
                }
            ),
            "data": non_empty_array(closed_object({"secretKey": TEXT, "remoteRef": _REMOTE})),
        },
        {"dataFrom": non_empty_array(closed_object({"extract": _REMOTE}))},
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): closed_object(
        {"podIdentity": closed_object({"provider": {"const": "aws"}})}
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): closed_object(
        {
            "scaleTargetRef": closed_object({"apiVersion": TEXT, "kind": TEXT, "name": TEXT}),
            "minReplicaCount": COUNT,
            "maxReplicaCount": COUNT,
            "advanced": closed_object(
                {
                    "horizontalPodAutoscalerConfig": closed_object(
                        {
                            "name": TEXT,
                            "behavior": closed_object({"scaleUp": _RULES, "scaleDown": _RULES}),
                        }
                    )
                }
            ),
            "triggers": non_empty_array({"anyOf": [_UTILIZATION, _CLOUDWATCH]}),
        }
    ),
}


def is_custom_resource(item: Mapping[str, Any]) -> bool:
    """Return whether a custom resource definition defines the kind of an object."""
    group = str(item["apiVersion"]).rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def schema_errors(item: Mapping[str, Any]) -> list[str]:
    """Return what the API server would reject or drop."""
    schema = SPECS[item["apiVersion"], item["kind"]]
    object_schema = closed_object(
        {"apiVersion": TEXT, "kind": TEXT, "metadata": {"type": "object"}, "spec": schema}
    )
    return [error.message for error in Draft202012Validator(object_schema).iter_errors(item)]
