"""`python -m local` on another folder and with the stand-in server, as a program to interrupt."""

import os
import shlex
import sys
from pathlib import Path

from tools.embedded_aws.__main__ import main
from tools.embedded_aws.checkout import Checkout

server = shlex.split(os.environ["STAND_IN_SERVER"])
sys.exit(main(sys.argv[2:], Checkout(Path(sys.argv[1]), dict(os.environ), server)))
