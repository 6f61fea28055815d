"""A modem as a table of answers, at the narrowest seam: it plays a script through the real Dialogue, in time of its own."""

from collections.abc import Iterable

from otppi.at.dialogue import Dialogue, Done, Marked, Script, Write

SILENCE = None
LOST = "the port is lost"
OK = "OK"
PROMPT = "> "
ESC, BODY = "ESC", "BODY"


class Peer:
    """``answers`` maps a command line, ESC or BODY to what follows it: lines joined by newlines, SILENCE or LOST.

    A tuple holds the answers of the first, second … time; the last one stays. A key that ends with ``*`` is a beginning.
    What is not in the table is answered by ERROR.
    """

    def __init__(self, answers):
        self.answers = {ESC: SILENCE, **answers}
        self.said = []
        self.marks = []
        self.seconds = 0.0
        self._turns = {}

    def play(self, script: Script, limit=2000):
        """Run a script to its end and give its result; time passes only where a script waits."""
        dialogue = Dialogue()
        effects = dialogue.run(script, self.seconds)
        for _ in range(limit):
            following = []
            for effect in effects:
                match effect:
                    case Done(result):
                        return result
                    case Marked(what):
                        self.marks.append(what)
                    case Write(data):
                        following += self._after(data, dialogue)
            if not following:
                assert dialogue.deadline is not None, "the script waits for nothing"
                self.seconds = max(self.seconds, dialogue.deadline)
                following = dialogue.wake(self.seconds)
            effects = following
        raise AssertionError("the script does not end")

    def commands(self, *prefixes: str) -> Iterable[str]:
        return [line for line in self.said if line.startswith(prefixes)]

    def _after(self, data, dialogue):
        line = ESC if data == b"\x1b" else BODY if data.endswith(b"\x1a") else data.decode().rstrip("\r")
        self.said.append(line)
        answer = self._look_up(line)
        if answer is SILENCE:
            return []
        if answer is LOST:
            return dialogue.lost(self.seconds)
        raw = "\r\n> " if answer == PROMPT else "".join(f"\r\n{found}\r\n" for found in answer.split("\n"))
        return dialogue.feed(raw.encode("latin-1"), self.seconds)

    def _look_up(self, line):
        found = [key for key in self.answers if key == line] or [key for key in self.answers if key.endswith("*") and line.startswith(key[:-1])]
        if not found:
            return "ERROR"
        answer = self.answers[found[0]]
        if not isinstance(answer, tuple):
            return answer
        turn = self._turns.get(found[0], 0)
        self._turns[found[0]] = turn + 1
        return answer[min(turn, len(answer) - 1)]
