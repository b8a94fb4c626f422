"""`make smoke ENV=NAME`: a deployment proves itself, by doing what it is for once."""
