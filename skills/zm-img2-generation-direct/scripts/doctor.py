#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "click>=8.1.8",
#   "json5>=0.12",
#   "python-dotenv>=1.0.1",
#   "requests>=2.32.4",
#   "urllib3>=2.7",
# ]
# ///
"""Check what zm-img2-generation-direct needs to create an image."""

import os
import sys

sys.dont_write_bytecode = True  # a __pycache__ inside an installed skill breaks its updates

SCRIPTS = os.path.dirname(os.path.realpath(__file__))
if os.path.isdir(os.path.join(SCRIPTS, "shared")):  # an installed skill
    ROOT = SCRIPTS
else:  # a checkout of the repository
    ROOT = os.path.dirname(os.path.dirname(os.path.dirname(SCRIPTS)))
sys.path[:0] = [SCRIPTS] if ROOT == SCRIPTS else [SCRIPTS, ROOT]

from shared.launch import DEPENDENCIES, launch

if __name__ == "__main__":
    sys.exit(launch(__file__, "openai_images.cli.app:doctor", dict(DEPENDENCIES, json5="json5>=0.12")))
