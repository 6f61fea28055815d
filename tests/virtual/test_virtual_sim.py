import pytest

PUK = "12345678"


@pytest.fixture
def network(start):
    return start(extra=["--pin", "4321"])


@pytest.fixture
def port(network, open_port):
    found = open_port(network.links[0])
    found.ask("AT+CMEE=1")
    return found


def test_a_locked_sim_wants_its_pin_and_nothing_can_be_sent_before(port):
    assert port.lines("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]
    assert port.lines("AT+CIMI") == ["+CME ERROR: 11"]
    assert port.lines("AT+CMGS=20") == ["+CMS ERROR: 311"]
    assert port.lines("AT+CREG?") == ["+CREG: 0,0", "OK"]


def test_the_right_pin_opens_the_sim_and_the_modem_registers(port):
    port.ask("AT+CREG=1")

    assert port.lines('AT+CPIN="4321"') == ["OK"]

    port.until(r"\+CREG: 1\r\n")
    assert port.lines("AT+CPIN?;+CREG?") == ["+CPIN: READY", "+CREG: 1,1", "OK"]


def test_a_wrong_pin_costs_a_try_and_the_right_one_gives_them_back(port):
    assert port.lines("AT+CPIN=1111") == ["+CME ERROR: 16"]
    assert port.lines("AT+CPINR") == ["+CPINR: SIM PIN,2,3", "+CPINR: SIM PUK,10,10", "OK"]

    port.ask("AT+CPIN=4321")

    assert port.lines("AT+CPINR")[0] == "+CPINR: SIM PIN,3,3"


def test_three_wrong_pins_lock_the_sim_until_its_puk(network, port):
    answers = [port.lines("AT+CPIN=1111") for _ in range(3)]

    assert answers == [["+CME ERROR: 16"], ["+CME ERROR: 16"], ["+CME ERROR: 12"]]
    assert port.lines("AT+CPIN?") == ["+CPIN: SIM PUK", "OK"]
    assert port.lines("AT+CPIN=4321") == ["+CME ERROR: 12"]
    assert port.lines('AT+CPIN="87654321","0000"') == ["+CME ERROR: 16"]
    assert network.state()["puk_tries"] == 9
    assert port.lines(f'AT+CPIN="{PUK}","0000"') == ["OK"]
    assert port.lines("AT+CPIN?") == ["+CPIN: READY", "OK"]


def test_tries_are_the_sims_and_outlive_a_loss_of_power(network, port, open_port):
    port.ask("AT+CPIN=1111")
    network.unplug()
    network.replug()

    again = open_port(network.links[0])

    assert again.lines("AT+CPINR")[0] == "+CPINR: SIM PIN,2,3"


def test_the_pin_is_asked_again_after_a_loss_of_power(network, port, open_port):
    port.ask("AT+CPIN=4321")
    network.unplug()
    network.replug()

    assert open_port(network.links[0]).lines("AT+CPIN?")[0] == "+CPIN: SIM PIN"


def test_the_lock_is_read_switched_off_and_on_with_the_pin(network, port):
    port.ask("AT+CPIN=4321")
    assert port.lines('AT+CLCK="SC",2') == ["+CLCK: 1", "OK"]
    assert port.lines('AT+CLCK="SC",0,"1111"') == ["+CME ERROR: 16"]
    assert port.lines('AT+CLCK="SC",0,"4321"') == ["OK"]
    assert port.lines('AT+CLCK="SC",2') == ["+CLCK: 0", "OK"]
    assert not network.state()["pin_asked"]


def test_the_pin_is_changed_only_while_the_lock_is_on(port):
    port.ask("AT+CPIN=4321")
    assert port.lines('AT+CPWD="SC","4321","9876"') == ["OK"]
    port.ask('AT+CLCK="SC",0,"9876"')

    assert port.lines('AT+CPWD="SC","9876","1111"') == ["+CME ERROR: 3"]


def test_without_a_pin_the_sim_is_ready_at_once(start, open_port):
    port = open_port(start(name="open").links[0])

    assert port.lines("AT+CMEE=1;+CPIN?") == ["+CPIN: READY", "OK"]
    assert port.lines("AT+CPIN=1234") == ["+CME ERROR: 3"]
