"""The stacks of a stage, one folder each; stage.py connects them."""
