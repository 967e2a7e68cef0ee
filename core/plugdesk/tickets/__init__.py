"""Tickets: requests and everything said about them."""
