"""The SNS topics of the alarms, and the rules that decide which topic an alarm notifies."""
