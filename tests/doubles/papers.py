"""Chronicle and spool in RAM that write down in which order they were called, and fail when a test says so."""

from otppi.domain.errors import StoreError


class Papers:
    """Both ports at once (domain.ports.Chronicle and Spool). ``fail_from`` is the number of the first call that fails, ``fail`` of how many."""

    def __init__(self):
        self.lines = []
        self.bodies = {}
        self.calls = []
        self.fail_from = None
        self.fail = 10**9

    def append(self, payload):
        self._step("append")
        self.lines.append(payload)

    def syncing(self):
        return lambda: None

    def replay(self, since):
        return iter(list(self.lines))

    def search(self, moment, needle, days):
        return (line for line in list(self.lines) if needle in line)

    def close(self):
        pass

    def keep(self, message_id, body):
        self._step("keep")
        self.bodies[message_id] = body

    def drop(self, message_id):
        self._step("drop")
        self.bodies.pop(message_id, None)

    def kept(self):
        return iter(list(self.bodies.items()))

    def _step(self, name):
        number = len(self.calls)
        self.calls.append(name)
        if self.fail_from is not None and self.fail_from <= number < self.fail_from + self.fail:
            raise StoreError("The disk is full.")
