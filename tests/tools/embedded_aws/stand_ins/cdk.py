"""Stands in for the CDK CLI: writes down how it was called, and does as `orders.json` says.

Started as the executable `cdk` of a folder that holds both files. What it synthesizes is empty.
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
if name == "synth":
    output = Path(sys.argv[sys.argv.index("-o") + 1])
    stage = output / f"assembly-{output.name.removesuffix('-deploy')}"
    stage.mkdir(parents=True, exist_ok=True)
    (stage / "manifest.json").write_text('{"artifacts": {}}')
orders = json.loads((here / "orders.json").read_text()).get(name, {})
print(orders.get("prints", ""), file=sys.stderr)
time.sleep(orders.get("seconds", 0))
sys.exit(orders.get("exit_code", 0))
