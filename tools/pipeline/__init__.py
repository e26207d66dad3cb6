"""What the workflows need: target, protection and images of a stage, and an assembly."""
