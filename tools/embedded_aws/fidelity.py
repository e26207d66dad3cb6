"""How faithfully the embedded AWS implements a resource."""

EMULATED = "emulated"
"""A service of the emulator implements it."""
RECORDED = "recorded"
"""CloudFormation's schema of its type has accepted its properties. It does nothing."""
CHECKED = "checked"
"""The schemas of Kubernetes have accepted its objects. No cluster runs them."""

FIDELITIES = (EMULATED, RECORDED, CHECKED)
