"""`python -m portail.console` is `portail`."""

import sys

from portail.console.main import main

sys.exit(main())
