"""The administrator's port: health and readiness, and a page that says so until the pages come."""

from otppi.domain.ports import Control
from otppi.web.answers import HTML, TEXT, Environ, StartResponse, log_failure, send
from otppi.web.api import health

_GUARDS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
)
_PAGE = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>otppi</title></head>
<body><h1>otppi</h1><p>The gateway runs. For now it is administered by the command <code>otppi</code>; see <code>otppi --help</code>.</p></body></html>
"""


class Admin:
    """Answers at the administrator's port."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __call__(self, environ: Environ, start: StartResponse) -> list[bytes]:
        """Serve one request (PEP 3333)."""
        path = environ["PATH_INFO"].rstrip("/")
        if path == "/healthz":
            return health(environ, start)
        if path not in {"", "/readyz"}:
            return send(environ, start, 404, b"There is nothing at this path.\n", TEXT, _GUARDS)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return send(environ, start, 405, b"Use GET.\n", TEXT, [("Allow", "GET, HEAD"), *_GUARDS])
        if not path:
            return send(environ, start, 200, _PAGE, HTML, _GUARDS)
        try:
            ready, sentence = self._control.ready()
        except Exception as failure:  # noqa: BLE001  # the last resort of every request
            log_failure("Asking whether all parts are ready", failure)
            ready, sentence = False, "The gateway failed; its log says more."
        return send(environ, start, 200 if ready else 503, f"{sentence}\n".encode(), TEXT, _GUARDS)
