"""What PAM can do: one verb a file. Each takes its collaborators and one `now` as arguments."""
