"""Before step 1: start intake as the command line says."""

import sys

from services.intake.main import SERVICE

SERVICE.run(sys.argv[1:])
