"""Where checkov is: in an environment of its own, which `python3 dev.py check` makes.

It pins an older botocore than the embedded AWS needs.
"""

from tests.synthesis import ROOT

CHECKOV = ROOT / ".checkov" / "bin" / "checkov"
