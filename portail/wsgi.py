"""The door of WSGI servers: `granian --interface wsgi portail.wsgi:application`. Refuses an unsafe start."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
application = get_wsgi_application()

from portail.console.checks import refuse_unsafe_start  # noqa: E402  needs the applications loaded

refuse_unsafe_start()
