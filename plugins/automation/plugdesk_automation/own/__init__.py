"""Automations that people make themselves: when, if, then."""
