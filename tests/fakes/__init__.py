"""Small honest stand-ins for what the core needs of the world."""
