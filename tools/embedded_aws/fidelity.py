"""How faithfully the embedded AWS implements a resource."""

REAL = "real"
"""A server on this machine implements it, or its Job has run on this machine."""
EMULATED = "emulated"
"""A service of the emulator implements its API."""
RECORDED = "recorded"
"""CloudFormation's schema of its type has accepted its properties. It does nothing."""
CHECKED = "checked"
"""The schemas of Kubernetes have accepted its objects. No cluster runs them."""

FIDELITIES = (REAL, EMULATED, RECORDED, CHECKED)
