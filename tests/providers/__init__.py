"""Stand-ins for the picture services: a tunnelling proxy, a TLS server with faults, and their rules."""
