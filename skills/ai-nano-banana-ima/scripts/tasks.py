#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "click>=8.1.8",
#   "python-dotenv>=1.0.1",
#   "requests>=2.32.4",
#   "urllib3>=2.7",
# ]
# ///
"""Show and manage the paid image tasks of this machine."""

import os
import sys

sys.dont_write_bytecode = True  # a __pycache__ inside an installed skill breaks its updates

SCRIPTS = os.path.dirname(os.path.realpath(__file__))
if os.path.isdir(os.path.join(SCRIPTS, "shared")):  # an installed skill
    ROOT = SCRIPTS
else:  # a checkout of the repository
    ROOT = os.path.dirname(os.path.dirname(os.path.dirname(SCRIPTS)))
sys.path[:0] = [SCRIPTS] if ROOT == SCRIPTS else [SCRIPTS, ROOT]

from shared.launch import launch

if __name__ == "__main__":
    sys.exit(launch(__file__, "ima_studio.cli:tasks"))
