"""Load over REST by wrk: light enough to share two cores with what it measures."""

import base64
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doubles.service import PASSWORD

_AUTH = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
_SEND = """
local n = {start}
request = function()
  n = n + 1
  local body = string.format('{{"command":"send-sms","data":{{"receiver":"62%011d","message":"Your code is 123456"}}}}', n)
  return wrk.format("POST", "/api/sms", headers, body)
end
"""
_REPLAY = """
local bodies = {{}}
for line in io.lines("{path}") do bodies[#bodies + 1] = line end
local n = 0
request = function()
  n = n % #bodies + 1
  return wrk.format("POST", "{where}", headers, bodies[n])
end
"""
_HEAD = """
headers = {{["Authorization"] = "Basic {auth}", ["Content-Type"] = "application/json"}}
bad = 0
response = function(status, _, body)
  if status ~= 200 or not string.find(body, '{expected}', 1, true) then bad = bad + 1 end
end
local thread
setup = function(t) thread = t end
done = function(summary, latency)
  io.write(string.format("FIGURES %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), thread:get("bad")))
end
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What wrk saw: requests, their rate, latencies in milliseconds, and answers that were not the expected one."""

    requests: int
    per_s: float
    p50_ms: float
    p99_ms: float
    bad: int


class Wrk:
    """One run in the background; :meth:`figures` waits for its end."""

    def __init__(self, folder: Path, url: str, script: str, *, clients: int, seconds: float, expected: str = '"0000"') -> None:
        path = folder / f"load-{abs(hash((script, url, clients)))}.lua"
        path.write_text(_HEAD.format(auth=_AUTH, expected=expected) + script)
        words = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:g}s", "--timeout", "60s", "-s", str(path), url]
        self._seconds = seconds
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def figures(self) -> Figures:
        """Wait for the end of the run."""
        output, _ = self._process.communicate(timeout=self._seconds + 90)
        found = re.search(r"FIGURES (\d+) (\d+) (\d+) (\d+) (\d+)", output)
        assert found, output
        requests, microseconds, p50, p99, bad = (int(group) for group in found.groups())
        return Figures(requests, requests / microseconds * 1e6, p50 / 1000, p99 / 1000, bad)


def sending(start: int = 0) -> str:
    """Script: send SMS to ever new numbers."""
    return _SEND.format(start=start)


def replaying(folder: Path, bodies: Sequence[str], where: str) -> str:
    """Script: post these bodies in turn."""
    path = folder / f"bodies-{abs(hash(tuple(bodies[:3])))}-{len(bodies)}"
    path.write_text("\n".join(bodies) + "\n")
    return _REPLAY.format(path=path, where=where)
