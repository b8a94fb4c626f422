"""What people do to a deployment from outside: none of it is deployed."""
