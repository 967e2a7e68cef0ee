"""People: customers, agents and admins, their identities, groups and organizations."""
