"""A virtual modem and network on pseudo-terminals: ships with the product, used by the demo and the tests.

Public: `serve.serve` (the process behind `otppi virtual-modem`), `simulator.Simulator` and `Options` (the same, inside another
program), `profiles.PROFILES` (makes of modem) and `faults.FAULTS` (what can go wrong on order).
Octets travel `loop` → `line` → `terminal` → `modem` → `commands_*` → `network` → `event_log`, and back; `delivery` brings
in what the network sends, `control` and `control_requests` are the tests' way in.
"""
