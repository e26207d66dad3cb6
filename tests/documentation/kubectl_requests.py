"""The requests that a `kubectl` or `helm` command makes to the Kubernetes API.

kubectl is 1.35 (staging/src/k8s.io/kubectl/pkg/cmd, kubernetes v1.35), and Helm is 4.
"""

import re
import shlex
from collections.abc import Iterator, Sequence

from tests.documentation.aws_requests import CommandError
from tests.documentation.cluster_access import KubernetesRequest

_KINDS = {
    "crd": ("apiextensions.k8s.io", "customresourcedefinitions"),
    "deployment": ("apps", "deployments"),
    "event": ("", "events"),
    "hpa": ("autoscaling", "horizontalpodautoscalers"),
    "job": ("batch", "jobs"),
    "node": ("", "nodes"),
    "pod": ("", "pods"),
    "replicaset": ("apps", "replicasets"),
    "scaledobject": ("keda.sh", "scaledobjects"),
    "secret": ("", "secrets"),
    "service": ("", "services"),
    "targetgroupbinding": ("elbv2.k8s.aws", "targetgroupbindings"),
}
"""The API group and the resource of each kind, by the name that the commands use."""

_ALL = (
    *(("", name) for name in ("pods", "replicationcontrollers", "services")),
    *(("apps", name) for name in ("daemonsets", "deployments", "replicasets", "statefulsets")),
    *(("batch", name) for name in ("cronjobs", "jobs")),
    ("autoscaling", "horizontalpodautoscalers"),
)
"""The category `all` ("kubectl get all")."""

_EVERYTHING = ("*", "*")
"""A kind that the reader of the command chooses, or the objects of a Helm release."""

_FLAGS_WITH_VALUE = {
    *("-n", "--namespace", "-l", "--selector", "-o", "--output", "-p", "--patch", "--type"),
    *("--since", "--tail", "--context", "--field-selector", "--sort-by", "--version", "--repo"),
    "--timeout",
}


def kubernetes_requests(command: str) -> list[KubernetesRequest]:
    """Return the requests of a command.

    Raises:
        CommandError: the command or the kind of its object is unknown.
    """
    words = shlex.split(re.sub(r"<[^<>]*>", lambda match: match[0].replace(" ", "-"), command))
    namespace = _namespace(words)
    arguments = list(_arguments(words[1:]))
    if not arguments:
        raise CommandError("a command has a subcommand")
    requests = _helm if words[0] == "helm" else _kubectl
    return [
        KubernetesRequest(verb, group, resource, namespace)
        for verb, (group, resource) in requests(arguments[0], arguments[1:])
    ]


_Request = tuple[str, tuple[str, str]]


def _kubectl(subcommand: str, arguments: Sequence[str]) -> Iterator[_Request]:
    match subcommand:
        case "version" | "config":
            return
        case "cluster-info":
            yield "list", ("", "services")
        case "get" | "describe":
            yield from _get(arguments)
            if subcommand == "describe":
                yield "list", ("", "events")
        case "logs":
            yield from _logs(arguments)
        case "top":
            kind = _kind(arguments[0])
            yield "list", ("metrics.k8s.io", kind[1])
            yield "list", kind
        case "rollout":
            yield from _rollout(*arguments[:2])
        case "scale":
            group, resource = _kind(arguments[0])
            yield "get", (group, resource)
            yield "patch", (group, f"{resource}/scale")
        case "patch" | "annotate" | "delete":
            kind = _kind(arguments[0])
            yield "get", kind
            yield ("delete" if subcommand == "delete" else "patch"), kind
        case "run" | "debug":
            for verb in ("create", "get", "watch", "delete"):
                yield verb, ("", "pods")
            yield "create", ("", "pods/attach")
        case "apply":
            # The only manifest that a runbook applies: the CustomResourceDefinitions of a chart.
            yield "patch", _KINDS["crd"]
        case _:
            raise CommandError(f"no requests are known for kubectl {subcommand}")


def _helm(subcommand: str, arguments: Sequence[str]) -> Iterator[_Request]:
    match subcommand:
        case "show":
            return
        case "history":
            yield "list", ("", "secrets")
        case "rollback" | "uninstall":
            yield "list", ("", "secrets")
            yield "update", ("", "secrets")
            yield "delete", _EVERYTHING
        case _:
            raise CommandError(f"no requests are known for helm {subcommand}")


def _get(arguments: Sequence[str]) -> Iterator[_Request]:
    if arguments[0] == "all":
        yield from (("list", kind) for kind in _ALL)
        return
    has_name = len(arguments) > 1 or "/" in arguments[0]
    yield ("get" if has_name else "list"), _kind(arguments[0])


def _logs(arguments: Sequence[str]) -> Iterator[_Request]:
    """Yield the requests for the logs of a pod, or of one pod of a Deployment."""
    if "/" in arguments[0]:
        yield "get", _kind(arguments[0])
        yield "list", _KINDS["pod"]
    yield "get", _KINDS["pod"]
    yield "get", ("", "pods/log")


def _rollout(subcommand: str, target: str = "deployment") -> Iterator[_Request]:
    kind = _kind(target)
    yield "get", kind
    match subcommand:
        case "restart":
            yield "patch", kind
        case "undo":
            yield "list", _KINDS["replicaset"]
            yield "patch", kind
        case "status":
            yield "list", kind
            yield "watch", kind
        case "history":
            yield "list", _KINDS["replicaset"]
        case _:
            raise CommandError(f"no requests are known for kubectl rollout {subcommand}")


def _kind(argument: str) -> tuple[str, str]:
    name = argument.partition("/")[0]
    if name.startswith("<"):
        return _EVERYTHING
    kind = _KINDS.get(name) or _KINDS.get(name.removesuffix("s"))
    if kind is None:
        raise CommandError(f"no API group is known for the kind {name}")
    return kind


def _namespace(words: Sequence[str]) -> str:
    for index, word in enumerate(words):
        if word in ("-n", "--namespace"):
            return words[index + 1]
    return ""


def _arguments(words: Sequence[str]) -> Iterator[str]:
    """Yield the words that are no flags and no values of flags, up to `--`."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word == "--":
            return
        elif word.startswith("-"):
            # -f of `logs` has no value, and that of `apply` is `-`.
            skip = word in _FLAGS_WITH_VALUE
        else:
            yield word
