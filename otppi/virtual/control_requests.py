"""What the control socket can be asked; each request is one JSON object with `do`, answered by one with `ok`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from otppi.at.gsm7 import TextError
from otppi.at.pdu import PduError
from otppi.virtual.faults import FAULTS, Fault
from otppi.virtual.loop import Timer
from otppi.virtual.modem import Modem
from otppi.virtual.simulator import Simulator

DEFAULT_WAIT_S: Final = 5.0

Request = Mapping[str, Any]
Reply = Callable[[dict[str, Any]], None]


class _Wait:
    """Somebody waits until a condition holds, or for so long."""

    def __init__(self, holds: Callable[[], bool], answer: Callable[[], None]) -> None:
        self.holds = holds
        self.answer = answer
        self.timer: Timer | None = None


class Requests:
    """Answers requests; those that wait are looked at after each event and each command line."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._waits: list[_Wait] = []
        simulator.log.on_event = self._look
        for modem in simulator.modems:
            modem.on_line = self._look
        self._table: Final[Mapping[str, Callable[[Request, Reply], None]]] = {
            "received": self._received,
            "submits": self._submits,
            "events": self._events,
            "commands": self._commands,
            "wait_command": self._wait_command,
            "inbound": self._inbound,
            "status_report": self._status_report,
            "reports": self._reports,
            "fault": self._fault,
            "clear_faults": self._clear_faults,
            "faults": self._faults,
            "unplug": self._unplug,
            "replug": self._replug,
            "urc": self._urc,
            "latency": self._latency,
            "credit": self._credit,
            "state": self._state,
        }

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer now or later, once."""
        action = self._table.get(str(request.get("do")))
        if action is None:
            reply({"ok": False, "error": f"`do` is one of: {', '.join(self._table)}"})
            return
        try:
            action(request, reply)
        except (KeyError, IndexError) as error:
            reply({"ok": False, "error": f"missing, or no such modem: {error}"})
        except (PduError, TextError, ValueError, TypeError, OSError) as error:
            reply({"ok": False, "error": str(error)})

    # waiting

    def _wait(self, request: Request, holds: Callable[[], bool], answer: Callable[[], None]) -> None:
        if holds():
            answer()
            return
        wait = _Wait(holds, answer)

        def give_up() -> None:
            self._waits.remove(wait)
            answer()

        wait.timer = self._simulator.loop.later(float(request.get("timeout_s", DEFAULT_WAIT_S)), give_up)
        self._waits.append(wait)

    def _look(self) -> None:
        for wait in [wait for wait in self._waits if wait.holds()]:
            self._waits.remove(wait)
            if wait.timer:
                wait.timer.cancel()
            # After the command that brought the news, so that the answer sees its effects too.
            self._simulator.loop.later(0, wait.answer)

    # what happened

    def _received(self, request: Request, reply: Reply) -> None:
        log, count = self._simulator.log, int(request.get("count", 0))

        def answer() -> None:
            messages = list(log.messages)[int(request.get("since", 0)) :]
            reply({"ok": log.received >= count, "count": log.received, "messages": messages})

        self._wait(request, lambda: log.received >= count, answer)

    def _submits(self, request: Request, reply: Reply) -> None:
        log, count = self._simulator.log, int(request.get("count", 0))

        def answer() -> None:
            found = [event for event in log.events if event["event"] == "submit"][int(request.get("since", 0)) :]
            reply({"ok": log.submits >= count, "count": log.submits, "submits": found})

        self._wait(request, lambda: log.submits >= count, answer)

    def _events(self, _request: Request, reply: Reply) -> None:
        reply({"ok": True, "events": list(self._simulator.log.events)})

    def _commands(self, request: Request, reply: Reply) -> None:
        reply({"ok": True, "commands": list(self._modem(request).lines_seen)})

    def _wait_command(self, request: Request, reply: Reply) -> None:
        modem, starts, count = self._modem(request), str(request["starts"]).upper(), int(request.get("count", 1))

        def found() -> int:
            return sum(line.upper().startswith(starts) for line in modem.lines_seen)

        def answer() -> None:
            reply({"ok": found() >= count, "count": found()})

        self._wait(request, lambda: found() >= count, answer)

    # what shall happen

    def _inbound(self, request: Request, reply: Reply) -> None:
        order = request.get("order")
        parts = self._simulator.network.inbound(
            self._modem(request).index,
            str(request["from"]),
            str(request["text"]),
            flash=bool(request.get("flash", False)),
            reference=request.get("reference"),
            wide=bool(request.get("wide", False)),
            order=[int(number) for number in order] if order is not None else None,
        )
        reply({"ok": True, "parts": parts})

    def _status_report(self, request: Request, reply: Reply) -> None:
        tp_mr, status = int(request["tp_mr"]), int(request.get("status", 0))
        self._simulator.network.report(self._modem(request).index, tp_mr, str(request["to"]), status)
        reply({"ok": True})

    def _reports(self, request: Request, reply: Reply) -> None:
        reports = self._simulator.network.reports
        reports.automatic = bool(request.get("automatic", reports.automatic))
        reports.delay_s = float(request.get("delay_s", reports.delay_s))
        reports.status = int(request.get("status", reports.status))
        reply({"ok": True})

    def _fault(self, request: Request, reply: Reply) -> None:
        count = request.get("count", 1)
        modem = None if request.get("modem") is None else self._modem(request).index
        options = {name: value for name, value in request.items() if name not in {"do", "kind", "modem", "count"}}
        self._simulator.fault(Fault(str(request["kind"]), modem, None if count is None else int(count), options))
        reply({"ok": True})

    def _clear_faults(self, request: Request, reply: Reply) -> None:
        self._simulator.clear_faults(request.get("modem"), request.get("kind"))
        reply({"ok": True})

    def _faults(self, _request: Request, reply: Reply) -> None:
        reply({"ok": True, "kinds": dict(FAULTS), "waiting": self._simulator.faults.state()})

    def _unplug(self, request: Request, reply: Reply) -> None:
        self._modem(request).unplug()
        reply({"ok": True})

    def _replug(self, request: Request, reply: Reply) -> None:
        link = request.get("link")
        self._simulator.plug(self._modem(request).index, Path(link) if link else None)
        reply({"ok": True})

    def _urc(self, request: Request, reply: Reply) -> None:
        self._modem(request).urc(*[str(line) for line in request["lines"]])
        reply({"ok": True})

    def _latency(self, request: Request, reply: Reply) -> None:
        chosen = self._simulator.modems if request.get("modem") is None else [self._modem(request)]
        for modem in chosen:
            modem.latency_s = float(request["ms"]) / 1000
        reply({"ok": True})

    def _credit(self, request: Request, reply: Reply) -> None:
        self._modem(request).credit = int(request["amount"])
        reply({"ok": True})

    def _state(self, _request: Request, reply: Reply) -> None:
        simulator = self._simulator
        reply(
            {
                "ok": True,
                "submits": simulator.log.submits,
                "received": simulator.log.received,
                "faults": simulator.faults.state(),
                "modems": [self._modem_state(modem) for modem in simulator.modems],
            }
        )

    def _modem_state(self, modem: Modem) -> dict[str, Any]:
        return {
            "link": str(self._simulator.links[modem.index]),
            "plugged": modem.plugged,
            "profile": modem.profile.name,
            "imei": modem.identity.imei,
            "imsi": modem.identity.imsi,
            "iccid": modem.identity.iccid,
            "msisdn": modem.identity.msisdn,
            "sim": modem.sim.state.value,
            "pin_tries": modem.sim.pin_tries,
            "puk_tries": modem.sim.puk_tries,
            "pin_asked": modem.sim.lock_enabled,
            "registration": modem.registration(),
            "sms_center": modem.sms_center,
            "cnmi": modem.session.cnmi,
            "stores": {name: list(store.slots) for name, store in modem.stores.by_name.items()},
            "kept_by_network": self._simulator.network.waiting(modem.index),
            "commands": len(modem.lines_seen),
        }

    def _modem(self, request: Request) -> Modem:
        index = int(request.get("modem") or 0)
        if index not in range(len(self._simulator.modems)):
            raise IndexError(index)
        return self._simulator.modems[index]
