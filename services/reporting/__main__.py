"""Before step 1: start reporting as the command line says."""

import sys

from services.reporting.main import SERVICE

SERVICE.run(sys.argv[1:])
