"""Simulated image services: a tunnelling proxy, a TLS server with faults, and the services' rules."""
