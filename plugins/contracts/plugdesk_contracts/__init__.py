"""Contracts: on which terms which customers are helped, and what that means for each of their requests."""
