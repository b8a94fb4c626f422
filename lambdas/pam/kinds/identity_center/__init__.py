"""A permission set in an account: an assignment that ends, and a deny of what outlives it."""
