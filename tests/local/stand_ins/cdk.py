"""Stands in for the CDK CLI: writes down how it was called, and does as `orders.json` says.

Started as the executable `cdk` of a folder that holds both files.
"""

import json
import os
import sys
import time
from pathlib import Path

here = Path(sys.argv[0]).resolve().parent
name = sys.argv[1]
call = {"arguments": sys.argv[1:], "environment": dict(os.environ), "pid": os.getpid()}
(here / f"{name}.{os.getpid()}.call.new").write_text(json.dumps(call))
(here / f"{name}.{os.getpid()}.call.new").rename(here / f"{name}.{os.getpid()}.call")
orders = json.loads((here / "orders.json").read_text()).get(name, {})
print(orders.get("prints", ""), file=sys.stderr)
time.sleep(orders.get("seconds", 0))
sys.exit(orders.get("exit_code", 0))
