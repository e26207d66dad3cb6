"""A fake CDK CLI: it records its calls, and behaves as `behaviour.json` in its folder says.

The tests install it as the executable `cdk`. The assembly that it synthesizes is empty.
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
behaviour = json.loads((here / "behaviour.json").read_text()).get(name, {})
print(behaviour.get("prints", ""), file=sys.stderr)
time.sleep(behaviour.get("seconds", 0))
sys.exit(behaviour.get("exit_code", 0))
