"""The modem's language without a modem: lines, results, URC, PDU and dialogues; no I/O."""
