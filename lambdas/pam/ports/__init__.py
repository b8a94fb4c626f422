"""What the core needs of the world, named by need. Adapters implement these; tests have fakes."""
