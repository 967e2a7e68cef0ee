"""Service rating: the customer marks a closed request with one of five faces."""
