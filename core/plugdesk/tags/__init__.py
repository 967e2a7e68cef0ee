"""Tags: coloured names on tickets and on customers, the same on every form."""
