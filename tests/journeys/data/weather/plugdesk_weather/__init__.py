"""The weather where the customer is, as somebody else would write such a plugin."""
