"""Runs one step of a hosted rotation: `python -m tools.embedded_aws.hosted_rotation TYPE EVENT`.

The arguments are a RotationType, and the event of the function as JSON. The environment is that of
a Lambda function.
"""

import json
import logging
import sys

from tools.embedded_aws.hosted_rotation.functions import load_function

if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    load_function(sys.argv[1]).lambda_handler(json.loads(sys.argv[2]), None)
