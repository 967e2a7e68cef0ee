"""Workflow: actions with input, assignment and letters take a ticket from one status to the next."""
