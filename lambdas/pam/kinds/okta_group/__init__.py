"""A group of Okta: a membership that ends."""
