"""The service and, in the same process, an empty CherryPy page handler to compare it with: ``python -m bench.host run …``.

The handler reads its body and asks for no password; its server has as many threads as the API's. Its URL is written to the
file named by OTPPI_BENCH_EMPTY.
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any

import cherrypy
from cherrypy._cpserver import Server
from cherrypy._cptree import Tree
from cherrypy._cpwsgi_server import CPWSGIServer

from otppi.cli import main

THREADS = 24
CONFIG: dict[str, dict[str, Any]] = {
    "/": {"request.dispatch": cherrypy.dispatch.MethodDispatcher(), "request.process_request_body": False, "tools.trailing_slash.on": False},
}


class Empty:
    """Answers everything with an empty object."""

    exposed = True

    def POST(self) -> bytes:  # noqa: N802  # CherryPy finds it by the method's name
        cherrypy.request.rfile.read(int(cherrypy.request.headers["Content-Length"]))
        cherrypy.response.headers["Content-Type"] = "application/json"
        return b'{"response_code": "0000"}'


def serve() -> CPWSGIServer:
    """Start the handler's server on a free port."""
    cherrypy.config.update({"environment": "production", "engine.autoreload.on": False, "checker.on": False, "log.screen": False})
    tree = Tree()
    tree.mount(Empty(), "/", CONFIG).log.access = lambda *_, **__: None
    adapter = Server()
    adapter.socket_host, adapter.socket_port, adapter.thread_pool = "127.0.0.1", 0, THREADS
    server = CPWSGIServer(adapter)
    server.wsgi_app = tree
    ready = threading.Event()

    def run() -> None:  # in a daemon thread, so that its workers are daemons too and nobody waits for them in the end
        server.prepare()
        ready.set()
        server.serve()

    threading.Thread(target=run, daemon=True).start()
    ready.wait(10)
    return server


if __name__ == "__main__":
    begun = serve()
    Path(os.environ["OTPPI_BENCH_EMPTY"]).write_text(f"http://127.0.0.1:{begun.bind_addr[1]}/")
    code = main(sys.argv[1:])
    os._exit(code)
