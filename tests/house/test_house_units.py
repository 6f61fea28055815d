"""conf/: the service's unit, user and rules say what the program relies on."""

import re

from house.tree import ROOT

from otppi.app import CLOSE_LIMIT_S, DRAIN_LIMIT_S
from otppi.config.site import Paths
from otppi.paths import shipped


def unit():
    """Give ``{(section, key): [values]}``."""
    found, section = {}, ""
    for line in (shipped("conf") / "systemd" / "otppi.service").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = head[1]
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        assert re.fullmatch(r"[A-Z]\w+", key), line
        found.setdefault((section, key), []).append(value)
    return found


def service(key):
    (value,) = unit()[("Service", key)]
    return value


def test_the_unit_runs_the_command_as_its_own_user_among_those_who_own_serial_ports():
    assert {key: service(key) for key in ("ExecStart", "User", "Group", "SupplementaryGroups", "UMask")} == {
        "ExecStart": "otppi run", "User": "otppi", "Group": "otppi", "SupplementaryGroups": "dialout", "UMask": "0077"}


def test_the_unit_gives_the_default_data_folder_and_keeps_the_keys_of_codes_in_ram():
    assert f"/var/lib/{service('StateDirectory')}" == Paths().data
    assert {key: service(key) for key in ("RuntimeDirectory", "RuntimeDirectoryPreserve", "LimitCORE", "MemorySwapMax")} == {
        "RuntimeDirectory": "otppi", "RuntimeDirectoryPreserve": "yes", "LimitCORE": "0", "MemorySwapMax": "0"}


def test_the_unit_waits_longer_than_a_drain_takes_and_does_not_restart_a_wrong_configuration():
    assert int(service("TimeoutStopSec")) > DRAIN_LIMIT_S + CLOSE_LIMIT_S
    assert service("KillSignal") == "SIGTERM"
    assert (service("Restart"), service("RestartPreventExitStatus")) == ("on-failure", "2")


def test_the_unit_is_a_sandbox_with_modems_and_low_ports_in_it():
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
                "RestrictNamespaces", "LockPersonality"):
        assert service(key) == "yes", key
    assert service("ProtectSystem") == "strict"
    assert service("SystemCallArchitectures") == "native"
    assert set(service("RestrictAddressFamilies").split()) == {"AF_UNIX", "AF_INET", "AF_INET6"}
    assert service("AmbientCapabilities") == service("CapabilityBoundingSet") == "CAP_NET_BIND_SERVICE"
    assert unit()[("Service", "DeviceAllow")] == ["char-ttyUSB rw", "char-ttyACM rw", "char-ttyAMA rw"]


def test_the_user_of_the_unit_is_made_and_owns_nothing_else():
    lines = [line.split() for line in (ROOT / "conf/sysusers.d/otppi.conf").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line[:2] for line in lines] == [["u", "otppi"], ["m", "otppi"]]


def test_every_udev_rule_is_well_formed():
    word = r'(?:[A-Z]+(?:\{\w+\})?)(?:==|!=|=|\+=|:=)"[^"]*"'
    lines = (ROOT / "conf/udev/99-otppi.rules").read_text("utf-8").splitlines()
    rules = [line.removeprefix("#") for line in lines if line and not line.startswith("# ")]
    assert all(re.fullmatch(rf"{word}(, {word})*", rule) for rule in rules)
    goals = set(re.findall(r'GOTO="(\w+)"', "\n".join(rules)))
    assert goals == set(re.findall(r'LABEL="(\w+)"', "\n".join(rules)))
