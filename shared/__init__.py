"""What the image skills share: money, journal, keys, network and the contract of a command."""
