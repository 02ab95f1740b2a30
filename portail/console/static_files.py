"""Static files gathered when they changed: what `portail demo` needs before it serves."""

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_if_changed() -> None:
    """Run collectstatic unless it was run since the last change. A file taken away waits for the next change."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if not manifest.exists() or manifest.stat().st_mtime < _last_change():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)


def _last_change() -> float:
    files = (storage.get_modified_time(path) for finder in get_finders() for path, storage in finder.list([]))
    return max((moment.timestamp() for moment in files), default=0.0)
