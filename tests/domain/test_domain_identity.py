import pytest

from otppi.domain.errors import StoreError
from otppi.domain.identity import Identity, elsewhere, same

IMEI, OTHER = "001013000000018", "001013000000026"


@pytest.fixture
def disk():
    return []


def identity(disk, port="/dev/ttyUSB0"):
    return Identity(port, lambda: disk[-1] if disk else None, disk.append)


def test_who_answered_last_is_known_in_another_life_and_written_only_when_it_changes(disk):
    for _ in range(3):
        assert identity(disk).note(IMEI) == ""
    assert identity(disk).imei() == IMEI
    assert len(disk) == 1
    identity(disk).note("")
    assert identity(disk).imei() == ""


def test_another_port_in_the_settings_means_another_device(disk):
    identity(disk).note(IMEI)
    assert identity(disk, "/dev/ttyUSB4").imei() == ""


@pytest.mark.parametrize("stored", [[], "x", {"imei": IMEI}])
def test_a_file_of_another_shape_says_nothing(stored):
    assert identity([stored]).imei() == ""


def test_a_disk_that_fails_costs_no_modem():
    def fail(*_):
        raise StoreError("The disk is full.")

    assert Identity("p", fail, fail).imei() == ""
    assert Identity("p", lambda: None, fail).note(IMEI) == "The disk is full."


def test_an_imei_and_its_software_version_are_one_device():
    assert same(IMEI, IMEI[:14] + "99")
    assert not same(IMEI, OTHER)
    assert not same("", "")
    assert elsewhere(IMEI, ["", "/dev/ttyUSB0", OTHER, IMEI])
    assert not elsewhere(IMEI, ["", "/dev/ttyUSB0", OTHER])
