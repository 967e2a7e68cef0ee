"""Business hours: named calendars of the desk, which contracts, regulations and forms share."""
