"""FAQ and canned responses: one table of answers; those that are published are articles."""
