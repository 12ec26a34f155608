"""`python -m angarium`."""

import sys

from angarium.cli import main

sys.exit(main())
