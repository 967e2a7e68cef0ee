"""What channels have in common, so that each is only its vendor's protocol: see `Channel` in `plugdesk.contributions`."""
