"""One module a stack; stage.py wires them."""
