"""The demo: a company that is played by the ordinary commands, its local mail, and a page to write as its customers."""
