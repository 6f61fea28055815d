"""HTTP: the API, the administrator's port and the control socket, on CherryPy."""
