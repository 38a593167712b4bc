"""The rules of `make validate`, by what they check."""
