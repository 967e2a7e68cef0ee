"""Routing: ordered rules say who gets a new ticket, how urgent it is and where it belongs."""
