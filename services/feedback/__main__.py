"""Before step 1: `python -m services.feedback all|api|worker|migrate`."""

import sys

from services.feedback.main import SERVICE

SERVICE.run(sys.argv[1:])
