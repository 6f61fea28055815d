import pytest
from doubles.peer import ESC, LOST, OK, SILENCE, Peer

from otppi.at.bringup import (
    Hardware,
    PinTried,
    Refused,
    Seen,
    Silent,
    Subscriber,
    hello,
    look,
    prepare,
    unlock,
)
from otppi.at.capabilities import Capabilities
from otppi.at.insistence import BUSY_TRIES
from otppi.at.profiles import FAMILIES, GENERIC, choose
from otppi.at.registration import REGISTRATION_LIMIT_S, Signal
from otppi.at.results import Final, Kind

HELLO = {"AT": OK, "ATE0": OK, "AT+CMEE=1": OK, "AT+CGMI": "Quectel\nOK", "AT+CGMM": "EC25\nOK", "AT+CGMR": "EC25E\nOK",
         "AT+CGSN": "867962041234567\nOK", "AT+CPIN?": "+CPIN: READY\nOK"}
PREPARE = {"AT+CMGF=0": OK, "AT+CPMS=*": "+CPMS: 1,30,1,30,1,30\nOK", "AT+CNMI=*": OK, "AT+CREG=1": OK, "AT+CREG?": "+CREG: 1,1\nOK",
           "AT+CIMI": "510101234567890\nOK", "AT+CCID": "+CCID: 8962001234567890123\nOK", "AT+CNUM": '+CNUM: "","+62812999",145\nOK', "AT+COPS=3,0": OK,
           "AT+COPS?": '+COPS: 0,0,"TELKOMSEL",2\nOK', "AT+CSCA?": '+CSCA: "+6281100000",145\nOK', "AT+CSQ": "+CSQ: 21,0\nOK"}


MODELS = {"simcom LTE": "SIMCOM_SIM7600E-H", "quectel EP06": "EP06", "quectel EC200A": "EC200A", "sierra 2G": "SL8084", "foxconn T77W968": "T77W968"}
"""Of families that are told by the model."""


def greet(**changes):
    peer = Peer({**HELLO, **changes})
    return peer.play(hello()), peer


def prepared(profile=GENERIC, sms_center="", /, **changes):
    peer = Peer({**PREPARE, **changes})
    return peer.play(prepare(profile, sms_center)), peer


# hello


def test_a_modem_says_who_it_is_and_that_its_sim_is_open():
    hardware, peer = greet()

    assert hardware == Hardware("Quectel", "EC25", "EC25E", "867962041234567", "READY", None, choose("Quectel", "EC25"))
    assert peer.said[:2] == [ESC, "AT"]
    assert "ATE0" in peer.said
    assert "AT+CMEE=1" in peer.said


@pytest.mark.parametrize("said", ["+CGSN: 867962041234567", '+CGSN: "867962041234567"', "ÿ\x80þ\n867962041234567", "867962041234567"])
def test_the_imei_is_found_with_prefix_quotes_and_junk(said):
    assert greet(**{"AT+CGSN": f"{said}\nOK"})[0].imei == "867962041234567"


def test_identity_that_a_modem_does_not_tell_stays_empty():
    hardware, _ = greet(**{"AT+CGMI": "ERROR", "AT+CGMM": "+CME ERROR: 100", "AT+CGSN": "ERROR"})

    assert (hardware.manufacturer, hardware.model, hardware.imei) == ("", "", "")
    assert hardware.profile is GENERIC


def test_a_modem_that_wakes_up_late_is_waited_for():
    hardware, _ = greet(AT=(SILENCE, SILENCE, OK))

    assert isinstance(hardware, Hardware)


def test_answers_that_come_late_to_the_first_tries_are_not_taken_for_others():
    hardware, _ = greet(AT=(SILENCE, SILENCE, "OK\nOK\nOK"))

    assert (hardware.manufacturer, hardware.imei, hardware.sim) == ("Quectel", "867962041234567", "READY")


def test_a_silent_port_is_told_within_seconds():
    silent, peer = greet(AT=SILENCE)

    assert silent == Silent("")
    assert peer.seconds < 10


def test_a_port_that_babbles_is_no_modem_and_shows_what_it_says():
    silent, _ = greet(AT="\x01login:\x02" + "x" * 100)

    assert silent.heard.startswith("login:xxx")
    assert len(silent.heard) == 40
    assert silent.heard.isprintable()


@pytest.mark.parametrize("family,maker", [(family, maker) for family in FAMILIES for maker in family.makers], ids=lambda value: value if isinstance(value, str) else value.name)
def test_a_family_gets_its_own_first_commands(family, maker):
    hardware, peer = greet(**{"AT+CGMI": f"{maker.upper()} CORP\nOK", "AT+CGMM": f"{MODELS.get(family.name, 'X100')}\nOK"})

    assert hardware.profile is family
    assert [line for line in peer.said if line in hardware.profile.start] == list(hardware.profile.start)


def test_a_modem_that_does_not_name_its_maker_is_known_by_its_usb_id():
    for said in ("ERROR", "\nOK", "ACME\nOK"):
        hardware = Peer({**HELLO, "AT+CGMI": said}).play(hello("12d1:1506"))
        assert hardware.profile.name == "huawei"
    assert Peer({**HELLO, "AT+CGMI": "ERROR"}).play(hello("2C7C:0306")).profile.name == "quectel EP06"
    assert Peer(HELLO).play(hello("12d1:1506")).profile.name == "quectel", "what it says itself counts first"


def test_huaweis_chatter_is_silenced():
    assert "AT^CURC=0" in greet(**{"AT+CGMI": "huawei\nOK"})[1].said


@pytest.mark.parametrize("sim,state", [("+CPIN: SIM PUK\nOK", "SIM PUK"), ("+CME ERROR: 10", "error: +CME ERROR 10"), ("+CME ERROR: 13", "error: +CME ERROR 13"),
                                       ("ERROR", "error: ERROR"), (SILENCE, "error: no answer"), ("+CPIN: READY", "READY")])
def test_the_state_of_the_sim_is_told_as_it_is(sim, state):
    hardware, _ = greet(**{"AT+CPIN?": sim})

    assert hardware.sim == state
    assert hardware.pin_tries is None


@pytest.mark.parametrize("error", ["+CME ERROR: 14", "+CME ERROR: 515", "+CMS ERROR: 314", "+CMS ERROR: 301"])
def test_a_busy_sim_is_asked_until_it_answers(error):
    hardware, peer = greet(**{"AT+CPIN?": (error, error, "+CPIN: READY\nOK")})

    assert hardware.sim == "READY"
    assert 2 <= peer.seconds < 4


def test_a_sim_that_stays_busy_is_given_up():
    hardware, peer = greet(**{"AT+CPIN?": "+CME ERROR: 14"})

    assert hardware.sim == "error: +CME ERROR 14"
    assert peer.said.count("AT+CPIN?") == BUSY_TRIES


@pytest.mark.parametrize("answers,tries", [
    ({"AT+CPINR": "+CPINR: SIM PIN,2,3\n+CPINR: SIM PUK,10,10\nOK"}, 2),
    ({"AT^CPIN?": "^CPIN: SIM PIN,3,10,1,10,3\nOK"}, 1),
    ({"AT+SPIC": "+SPIC: 3,10,0,10\nOK"}, 3),
    ({}, None),
])
def test_the_tries_left_for_a_pin_are_asked_in_every_dialect(answers, tries):
    hardware, _ = greet(**{"AT+CPIN?": "+CPIN: SIM PIN\nOK", **answers})

    assert hardware.sim == "SIM PIN"
    assert hardware.pin_tries == tries


# unlock


def unlocked(**answers):
    peer = Peer(answers)
    return peer.play(unlock("1234", GENERIC)), peer


def test_the_right_pin_opens_the_sim_and_is_marked():
    sim, peer = unlocked(**{'AT+CPIN="1234"': OK, "AT+CPIN?": "+CPIN: READY\nOK"})

    assert sim == "READY"
    assert peer.marks == [PinTried(right=True)]
    assert peer.seconds >= GENERIC.after_pin_s


@pytest.mark.parametrize("error", ["+CME ERROR: 16", "+CME ERROR: 12", "ERROR"])
def test_a_wrong_pin_is_entered_once_and_marked(error):
    refused, peer = unlocked(**{'AT+CPIN="1234"': error})

    assert isinstance(refused, Refused)
    assert peer.marks == [PinTried(right=False)]
    assert len(peer.commands("AT+CPIN=")) == 1


@pytest.mark.parametrize("end", [SILENCE, LOST, "+CME ERROR: 14", "+CME ERROR: 515"])
def test_a_try_of_which_nobody_said_what_became_is_not_marked_nor_repeated(end):
    refused, peer = unlocked(**{'AT+CPIN="1234"': end})

    assert isinstance(refused, Refused)
    assert peer.marks == []
    assert len(peer.commands("AT+CPIN=")) == 1


def test_the_pin_is_in_no_repr():
    script = unlock("1234", GENERIC)

    assert "1234" not in repr(next(script))


# prepare


def test_a_registered_modem_tells_everything_of_its_sim():
    subscriber, peer = prepared()

    assert subscriber == Subscriber("1", "510101234567890", "8962001234567890123", "62812999", "TELKOMSEL", "6281100000", Signal(21, 0), Capabilities(iccid="AT+CCID", list_command="", family="generic"))
    assert subscriber.registered
    assert peer.said[0] == "AT+CMGF=0"
    assert not peer.commands("AT+CSCA=")


def test_the_sms_centre_of_the_settings_is_set():
    assert prepared(GENERIC, "628990001", **{"AT+CSCA=*": OK})[1].commands("AT+CSCA=") == ['AT+CSCA="+628990001",145']


def test_an_sms_centre_that_is_refused_is_told():
    assert prepared(GENERIC, "628990001", **{"AT+CSCA=*": "+CMS ERROR: 304"})[0] == Refused("The modem refused the SMS centre", Final(Kind.CMS, 304))


def test_a_modem_without_pdu_mode_is_refused():
    assert prepared(**{"AT+CMGF=0": "ERROR"})[0].what == "The modem refused PDU mode"


@pytest.mark.parametrize("command", ["AT+CPMS=*", "AT+CNMI=*", "AT+CREG=1", "AT+CNUM", "AT+COPS?", "AT+CCID"])
def test_what_a_modem_refuses_beyond_that_does_not_keep_it_from_sending(command):
    assert prepared(**{command: "+CMS ERROR: 303"})[0].registered


def test_a_store_that_is_busy_at_first_is_set_once_it_is_not():
    _, peer = prepared(**{"AT+CPMS=*": ("+CMS ERROR: 314", "+CPMS: 0,30\nOK")})

    assert len(peer.commands("AT+CPMS=")) == 2


@pytest.mark.parametrize("stat", ["1", "5", "6", "7", "9", "10"])
def test_home_roaming_and_sms_only_are_registered(stat):
    assert prepared(**{"AT+CREG?": f"+CREG: 1,{stat}\nOK"})[0].registered


def test_a_modem_that_knows_lte_only_is_registered_by_cereg():
    for creg in ("ERROR", "+CREG: 1,0\nOK", "+CREG: 1,3\nOK"):
        assert prepared(**{"AT+CREG?": creg, "AT+CEREG?": "+CEREG: 0,1\nOK"})[0].registered


def test_the_network_is_waited_for():
    subscriber, peer = prepared(**{"AT+CREG?": (*["+CREG: 1,2\nOK"] * 10, '+CREG: 2,5,"1A2B","00C3",7\nOK')})

    assert subscriber.registration == "5"
    assert 10 <= peer.seconds < 12


def test_a_modem_without_network_is_told_after_a_minute():
    subscriber, peer = prepared(**{"AT+CREG?": "+CREG: 1,2\nOK"})

    assert not subscriber.registered
    assert subscriber.registration == "2"
    assert REGISTRATION_LIMIT_S <= peer.seconds < REGISTRATION_LIMIT_S + 5


@pytest.mark.parametrize("answers", [{"AT+CREG?": "+CREG: 1,3\nOK"}, {"AT+CREG?": "ERROR", "AT+CEREG?": "+CEREG: 0,3\nOK"}])
def test_a_sim_that_the_network_denies_is_told_at_once(answers):
    subscriber, peer = prepared(**answers)

    assert subscriber.registration == "3"
    assert peer.seconds < 2


@pytest.mark.parametrize("name", ["CREG", "CEREG"])
@pytest.mark.parametrize("stat", ["0", "4", "8", "11"])
def test_limited_service_is_no_registration(name, stat):
    assert not prepared(**{"AT+CREG?": "ERROR", f"AT+{name}?": f"+{name}: 1,{stat}\nOK"})[0].registered


def test_a_family_that_knows_2g_only_is_not_asked_about_lte():
    answers = {"AT+CREG?": ("+CREG: 1,2\nOK", "+CREG: 1,1\nOK")}
    assert not prepared(choose("SIMCOM_Ltd", "SIMCOM_SIM800C"), **answers)[1].commands("AT+CEREG")
    assert prepared(**answers)[1].commands("AT+CEREG")


def test_a_family_that_says_when_its_stores_are_ready_is_waited_for():
    peer = Peer({**PREPARE, "AT+CMGF=0": ("ERROR", OK), "AT+CPMS?": ("ERROR", OK)})
    subscriber = peer.play(prepare(choose("SIMCOM_Ltd", "SIMCOM_SIM800C"), ""))

    assert subscriber.registered
    assert peer.seconds >= 30, "the line never came"
    assert prepared(**{"AT+CPMS?": "ERROR"})[1].seconds < 2, "a family that says nothing is not waited for"


def test_an_unasked_line_of_another_shape_is_not_taken_for_the_registration():
    assert prepared(**{"AT+CREG?": "+CREG: 2\n+CREG: 1,5\nOK"})[0].registration == "5"


@pytest.mark.parametrize("command", ["AT+CMGF=0", "AT+CNMI=*", "AT+CREG?", "AT+CSQ"])
@pytest.mark.parametrize("end", [SILENCE, LOST])
def test_a_modem_that_falls_silent_on_the_way_is_told_and_not_waited_for_long(command, end):
    refused, peer = prepared(**{command: end})

    assert isinstance(refused, Refused)
    assert refused.final.kind in {Kind.TIMEOUT, Kind.LOST}
    assert peer.seconds < 30


@pytest.mark.parametrize("command", [*PREPARE, "AT+CEREG?"])
def test_the_port_can_be_lost_at_every_step(command):
    assert isinstance(prepared(**{"AT+CREG?": "+CREG: 1,2\nOK", command: LOST})[0], Refused | Subscriber)


@pytest.mark.parametrize("maker,command,answer", [
    ("huawei", "AT^ICCID?", "^ICCID: 8962001234567890123F"), ("quectel", "AT+QCCID", "+QCCID: 89620012345678901230"), ("zte", "AT+ZGETICCID", "+ZGETICCID: 8962001234567890123"),
    ("sierra", "AT!ICCID?", "!ICCID: 8962001234567890123"), ("simcom", "AT+CCID", "8962001234567890123"), ("wavecom", "AT+CCID", '+CCID: "8962001234567890123"')])
def test_each_family_is_asked_for_the_iccid_in_its_own_words(maker, command, answer):
    subscriber, _ = prepared(choose(maker), **{"AT+CCID": "ERROR", command: f"{answer}\nOK"})

    assert subscriber.iccid.startswith("896200123456789012")


# look


LOOK = {"AT+CSQ": "+CSQ: 9,0\nOK", "AT+CPIN?": "+CPIN: READY\nOK", "AT+CREG?": "+CREG: 1,1\nOK"}


def test_a_ready_modem_that_is_looked_at_tells_sim_network_and_signal():
    seen = Peer(LOOK).play(look())

    assert seen == Seen("READY", "1", Signal(9, 0))
    assert seen.registered


def test_a_look_sees_a_pulled_sim_and_a_lost_network():
    assert Peer({**LOOK, "AT+CPIN?": "+CME ERROR: 10"}).play(look()).sim == "error: +CME ERROR 10"
    assert not Peer({**LOOK, "AT+CREG?": "+CREG: 1,0\nOK"}).play(look()).registered


def test_a_look_at_a_silent_modem_says_so():
    peer = Peer({**LOOK, "AT+CSQ": SILENCE})

    assert peer.play(look()) == Silent()
    assert peer.seconds <= 10


@pytest.mark.parametrize("said", ["+CSQ: 99,99", "+CSQ: ", "nonsense"])
def test_a_signal_that_is_not_known_is_no_error(said):
    assert Peer({**LOOK, "AT+CSQ": f"{said}\nOK"}).play(look()).signal == Signal(99, 99)
