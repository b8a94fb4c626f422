"""PAM's door for Slack: from what Slack delivers to the operations of the request API, and back."""
