"""What every page of every journey is held to: our own host only, nothing in the console, no unexpected answer."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

LEAST_PROBLEM = 400


@dataclass
class Watch:
    """Watches a browser context. `allowed`: statuses from 400 that the journey means to see."""

    host: str
    allowed: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Begin."""
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._failed)

    def verdict(self) -> None:
        """End: fail when anything was noticed."""
        assert not self.problems, "\n".join(self.problems)

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.netloc != self.host:
            self.problems.append(f"a third party was asked: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= LEAST_PROBLEM and response.status not in self.allowed:
            self.problems.append(f"{response.status} {response.request.method} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # A refused answer is judged by its status above; the browser's own line about it says no more.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console {message.type}: {message.text}")

    def _failed(self, error: WebError) -> None:
        self.problems.append(f"script error: {error.error}")
