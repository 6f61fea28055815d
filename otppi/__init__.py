"""otppi: the gateway that sends one-time passwords and SMS through one's own SIM cards."""
