"""The path of checkov, which has its own environment: `python3 dev.py check` creates it.

checkov pins an older botocore than the embedded AWS needs.
"""

from tests.synthesis import ROOT

CHECKOV = ROOT / ".checkov" / "bin" / "checkov"
