"""The AWS session of the operations."""

import boto3
import botocore.session
from botocore.config import Config

_CONNECT_TIMEOUT_SECONDS = 5
_ATTEMPTS = 3


def create_session(region: str) -> boto3.Session:
    """Return a session with the caller's credentials, in the Region of a stage.

    Its clients do not wait for a minute for an endpoint that cannot be reached, as the default is.
    """
    session = botocore.session.get_session()
    session.set_default_client_config(
        Config(connect_timeout=_CONNECT_TIMEOUT_SECONDS, retries={"total_max_attempts": _ATTEMPTS})
    )
    return boto3.Session(botocore_session=session, region_name=region)
