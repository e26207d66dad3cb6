"""Runs a command of the embedded AWS in another folder, with the fake server."""

import os
import shlex
import sys
from pathlib import Path

from tools.embedded_aws.__main__ import main
from tools.embedded_aws.checkout import Checkout

server = shlex.split(os.environ["FAKE_SERVER"])
sys.exit(main(sys.argv[2:], Checkout(Path(sys.argv[1]), dict(os.environ), server)))
