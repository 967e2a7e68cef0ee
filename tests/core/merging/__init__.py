"""Merging, splitting and linking tickets."""
