"""Serving with the standard library: a thread a request, and an end without a word."""

import sys
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Server(ThreadingMixIn, WSGIServer):
    """Does not wait for its threads: a slow answer must not hold the end back."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking the name service who this machine is: that may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that left is no news; all else is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    timeout = 30  # seconds for a request to come

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def address_string(self) -> str:
        """No name look-up."""
        return str(self.client_address[0])


def server(app: "WSGIApplication", host: str, port: int) -> Server:
    """A server that listens already; `port` 0 takes a free one (`server_port`). Raises OSError."""
    listening = Server((host, port), _Handler)
    listening.set_app(app)
    return listening
