"""What the gateway is about, as plain data and pure rules: standard library only, no thread, no I/O."""
