"""What the programs started here may see. Nothing of the user's AWS identity is in it.

A safety property: whatever the user's shell, profiles or ~/.cdk.json say, a local deploy cannot
reach AWS. Therefore the environment is built up from a short list, not cut down from the user's;
home is a folder of ours; and the endpoint has to be this machine.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tools.embedded_aws.errors import LocalError

DEFAULT_ACCOUNT = "000000000000"

_KEPT = {
    *(
        "PATH",
        "VIRTUAL_ENV",
        "JSII_NODE",
        "TMPDIR",
        "TZ",
        "USER",
        "LOGNAME",
        "SHELL",
    ),
    *("LANG", "LANGUAGE", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_CONFIG"),
    "XDG_RUNTIME_DIR",
}


def isolated(inherited: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return an environment without credentials, proxies or the user's own configuration.

    Only jsii's cache of unpacked libraries is shared with the user's other work: unpacking them
    anew costs seconds. `folder` takes the rest of what a home holds.
    """
    kept = {k: v for k, v in inherited.items() if k in _KEPT or k.startswith("LC_")}
    home = Path(inherited.get("HOME") or folder)
    return {
        "XDG_CACHE_HOME": inherited.get("XDG_CACHE_HOME") or str(home / ".cache"),
        "DOCKER_CONFIG": str(home / ".docker"),
        **kept,
        "HOME": str(folder / "home"),
        "CDK_HOME": str(folder / "home" / ".cdk"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        **_NO_PROFILE,
    }


def pointed_at(endpoint: str, region: str, account: str = DEFAULT_ACCOUNT) -> dict[str, str]:
    """Return the variables that make the CDK CLI, the AWS CLI and boto3 use the embedded AWS.

    Raises:
        LocalError: the endpoint is not on this machine.
    """
    refuse_other_machines(endpoint)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        # The embedded AWS takes an account's number as its access key; "test" is its default's.
        "AWS_ACCESS_KEY_ID": "test" if account == DEFAULT_ACCOUNT else account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def without_aws(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the user's own environment with no AWS setting left in it, for a shell."""
    kept = {k: v for k, v in inherited.items() if not k.startswith(("AWS_", "CDK_"))}
    return kept | _NO_PROFILE


def refuse_other_machines(endpoint: str) -> None:
    """Raise a LocalError unless the endpoint is plain HTTP to a loopback address."""
    url = urlsplit(endpoint)
    try:
        is_here = url.scheme == "http" and ipaddress.ip_address(url.hostname or "").is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise LocalError(f"refused: {endpoint} is not on this machine (http://127.0.0.1:PORT)")


_NO_PROFILE = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
