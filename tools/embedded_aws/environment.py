"""The environment variables of the programs that the local commands start.

None of the user's AWS credentials or profiles are among them: whatever the user's shell, profiles
or ~/.cdk.json contain, a local deploy cannot reach AWS. Therefore the environment is a short list
of variables, HOME is a folder of the checkout, and the endpoint must be on this machine.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tools.embedded_aws.errors import EmbeddedAwsError

DEFAULT_ACCOUNT = "000000000000"

_INHERITED = {
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
    # A factor for the waits of state machines, such as 0.05.
    "SFN_WAIT_SCALE",
}


def isolated_environment(inherited: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return an environment without credentials, proxies or the user's own configuration.

    Only jsii's cache of unpacked libraries is shared with the user's other projects, since
    unpacking them takes seconds. `folder` holds the home of the programs.
    """
    kept = {k: v for k, v in inherited.items() if k in _INHERITED or k.startswith("LC_")}
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


def endpoint_variables(
    endpoint: str, region: str, account: str = DEFAULT_ACCOUNT
) -> dict[str, str]:
    """Return the variables that make the CDK CLI, the AWS CLI and boto3 use the embedded AWS.

    Raises:
        EmbeddedAwsError: the endpoint is not on this machine.
    """
    require_loopback(endpoint)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        # The emulator takes the access key as the account's number; "test" is the default account.
        "AWS_ACCESS_KEY_ID": "test" if account == DEFAULT_ACCOUNT else account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def without_aws_variables(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the user's own environment without its AWS and CDK variables, for a shell."""
    kept = {k: v for k, v in inherited.items() if not k.startswith(("AWS_", "CDK_"))}
    return kept | _NO_PROFILE


def require_loopback(endpoint: str) -> None:
    """Raise an EmbeddedAwsError unless the endpoint is plain HTTP at a loopback address."""
    url = urlsplit(endpoint)
    try:
        is_loopback = url.scheme == "http" and ipaddress.ip_address(url.hostname or "").is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise EmbeddedAwsError(
            f"refused: {endpoint} is not on this machine (http://127.0.0.1:PORT)"
        )


_NO_PROFILE = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
