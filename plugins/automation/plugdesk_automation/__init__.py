"""Automation: what the desk does by itself with tickets that nobody has taken, answered, finished or closed in time."""
