"""`python -m genmodels_ros.cli`, for torchrun and wherever the command is not on the path."""

import sys

from genmodels_ros.cli import main

sys.exit(main())
