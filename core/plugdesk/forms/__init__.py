"""Forms: the doors tickets come in through, with their fields and statuses."""
