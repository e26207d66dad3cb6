"""Which topic an alarm notifies, and when."""
