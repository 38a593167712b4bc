"""Forty requests for an agent that has nothing but the installed bundle, and the stage for them."""
