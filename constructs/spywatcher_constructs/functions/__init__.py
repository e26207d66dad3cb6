"""What runs in Lambda: each folder is a function, uploaded as it is, with Python's library only."""
