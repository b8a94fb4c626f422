"""The rim on the caller's side: what comes in is read here, what goes out is rendered here."""
