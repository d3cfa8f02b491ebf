"""Before step 1: start processing as the command line says."""

import sys

from services.processing.main import SERVICE

SERVICE.run(sys.argv[1:])
