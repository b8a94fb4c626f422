"""What a session costs, counted on a running local stack; `deployment/` prices it."""
