"""The portal: a signed-in customer's pages, with their requests and all that was said on them."""
