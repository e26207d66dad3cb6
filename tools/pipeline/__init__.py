"""What the workflows need to know about a stage: its target, and its protection in GitHub."""
