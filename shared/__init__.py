"""Code that two or more image skills share: journal, keys, network, images and the command frame."""
