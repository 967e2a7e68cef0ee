"""Request forms: what customers fill in on a page of the form's own, or in a frame on the company's site."""
