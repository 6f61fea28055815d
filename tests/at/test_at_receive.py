"""What lies in a modem's stores is read whole, and only what is still the same is removed."""

import pytest
from doubles.peer import LOST, OK, SILENCE, Peer

from otppi.at.pdu import Deliver, encode_deliver
from otppi.at.receive import MOST_READ, SHOW_PAUSE_S, Fill, Lying, remove, sweep
from otppi.at.results import Kind
from otppi.at.segments import Alphabet
from otppi.at.tpdu_fields import NO_TIME


def pdu(text):
    return encode_deliver(Deliver("628111", text, None, Alphabet.GSM7, NO_TIME)).hex().upper()


ONE, TWO = pdu("one"), pdu("two")


def listing(*found, head="+CMGL: {},1,,24"):
    return "\n".join([line for index, whole in found for line in (head.format(index), whole)] + ["OK"])


def swept(answers, stores=("SM",), **more):
    peer = Peer(answers)
    return peer.play(sweep(stores, "SM", **more)), peer


def test_every_store_is_counted_and_those_with_something_are_listed():
    found, peer = swept({'AT+CPMS="SM"': "+CPMS: 2,30,2,30,2,30\nOK", 'AT+CPMS="ME"': "+CPMS: 0,100,2,30,2,30\nOK", "AT+CMGL=4": listing((3, ONE), (7, TWO.lower()))}, ("SM", "ME"))

    assert found.found == (Lying("SM", 3, ONE), Lying("SM", 7, TWO))
    assert found.fills == (Fill("SM", 2, 30), Fill("ME", 0, 100))
    assert not found.more
    assert peer.said == ['AT+CPMS="SM"', "AT+CMGL=4", 'AT+CPMS="ME"']


def test_what_somebody_stored_to_be_sent_is_left_alone_and_so_is_a_head_without_its_pdu():
    answer = f"+CMGL: 1,2,,24\n{ONE}\n+CMGL: 2,3,,24\n{ONE}\n+CMGL: 3,1,,24\n+CMGL: 4,0,,24\n{TWO}\n+CMGL: x,1,,24\n{TWO}\nOK"
    assert swept({"AT+CPMS*": "+CPMS: 4,30\nOK", "AT+CMGL=4": answer})[0].found == (Lying("SM", 4, TWO),)


def test_a_modem_that_wants_all_three_stores_is_told_them_and_one_that_has_no_such_store_is_passed_over():
    answers = {'AT+CPMS="SM","SM","SM"': "+CPMS: 1,30,1,30,1,30\nOK", "AT+CMGL=4": listing((1, ONE))}
    assert swept(answers, ("SR", "SM"))[0].found == (Lying("SM", 1, ONE),)


def test_a_store_that_lists_nothing_against_its_own_count_is_asked_again():
    found, peer = swept({"AT+CPMS*": "+CPMS: 1,20\nOK", "AT+CMGL=4": (OK, OK, listing((0, ONE)))})
    assert found.found == (Lying("SM", 0, ONE),)
    assert peer.seconds == 2 * SHOW_PAUSE_S


@pytest.mark.parametrize("answer", [OK, '+CPMS: "SM",1,20,"SM",1,20,"SM",1,20\nOK'])
def test_a_modem_that_answers_cpms_in_its_own_way_is_listed_all_the_same(answer):
    assert swept({"AT+CPMS*": answer, "AT+CMGL=4": listing((0, ONE))})[0].found == (Lying("SM", 0, ONE),)


def test_where_listing_is_refused_the_slots_are_read_one_by_one_until_all_are_found():
    answers = {"AT+CPMS*": "+CPMS: 2,30\nOK", "AT+CMGL=4": "+CMS ERROR: 303", "AT+CMGR=0": "+CMS ERROR: 321",
               "AT+CMGR=1": f"+CMGR: 0,,24\n{ONE}\nOK", "AT+CMGR=2": OK, "AT+CMGR=3": f"+CMGR: 1,,24\n{TWO}\nOK"}
    found, peer = swept(answers)
    assert found.found == (Lying("SM", 1, ONE), Lying("SM", 3, TWO))
    assert peer.said[-1] == "AT+CMGR=3"


def test_unasked_lines_within_a_listing_do_not_disturb_it():
    answer = f'+CMGL: 1,1,,24\n+CMTI: "SM",9\n{ONE}\n^RSSI:18\nOK'
    assert swept({"AT+CPMS*": "+CPMS: 1,30\nOK", "AT+CMGL=4": answer})[0].found == (Lying("SM", 1, ONE),)


def test_of_very_many_a_part_is_read_and_it_is_said_that_there_are_more():
    found, _ = swept({"AT+CPMS*": "+CPMS: 200,255\nOK", "AT+CMGL=4": listing(*((index, ONE) for index in range(200)))})
    assert len(found.found) == MOST_READ
    assert found.more


@pytest.mark.parametrize("end", [SILENCE, LOST])
@pytest.mark.parametrize("at", ["AT+CPMS*", "AT+CMGL=4"])
def test_a_modem_that_falls_silent_is_told_as_such_and_what_was_read_before_stands(at, end):
    answers = {'AT+CPMS="SM"': "+CPMS: 1,30\nOK", "AT+CMGL=4": (listing((1, ONE)), end), 'AT+CPMS="ME"': "+CPMS: 1,30\nOK"}
    if at == "AT+CPMS*":
        answers['AT+CPMS="ME"'] = end
    found, _ = swept(answers, ("SM", "ME"))
    assert found.found == (Lying("SM", 1, ONE),)
    assert found.final.kind in {Kind.TIMEOUT, Kind.LOST}


def removed(answers, *messages):
    peer = Peer({"AT+CPMS*": "+CPMS: 1,30\nOK", "AT+CMGD*": OK, **answers})
    return peer.play(remove(messages, "SM")), peer


def test_only_what_still_is_what_was_read_is_removed():
    answers = {"AT+CMGR=1": f"+CMGR: 1,,24\n{ONE}\nOK", "AT+CMGR=2": f"+CMGR: 0,,24\n{TWO}\nOK", "AT+CMGR=3": "+CMS ERROR: 321", "AT+CMGR=4": OK,
               "AT+CMGR=5": f"+CMGR: 3,,24\n{ONE}\nOK"}
    (gone, final), peer = removed(answers, *(Lying("SM", index, ONE) for index in range(1, 6)))
    assert gone == (Lying("SM", 1, ONE),)
    assert list(peer.commands("AT+CMGD")) == ["AT+CMGD=1"]
    assert final.kind is not Kind.TIMEOUT


def test_each_store_is_chosen_before_something_is_removed_from_it():
    (gone, _), peer = removed({"AT+CMGR*": f"+CMGR: 1,,24\n{ONE}\nOK"}, Lying("SM", 1, ONE), Lying("SR", 1, ONE), Lying("SM", 2, ONE))
    assert len(gone) == 3
    assert peer.said == ['AT+CPMS="SM"', "AT+CMGR=1", "AT+CMGD=1", "AT+CMGR=2", "AT+CMGD=2", 'AT+CPMS="SR"', "AT+CMGR=1", "AT+CMGD=1"]


def test_a_removal_that_is_refused_or_not_answered_is_not_told_as_done():
    read = {"AT+CMGR*": f"+CMGR: 1,,24\n{ONE}\nOK"}
    assert removed({**read, "AT+CMGD*": "ERROR"}, Lying("SM", 1, ONE))[0][0] == ()
    gone, final = removed({**read, "AT+CMGD*": (OK, SILENCE)}, Lying("SM", 1, ONE), Lying("SM", 2, ONE))[0]
    assert gone == (Lying("SM", 1, ONE),)
    assert final.kind is Kind.TIMEOUT


BUSY = "+CMS ERROR: 314"


def test_a_busy_sim_is_asked_again_and_nothing_is_passed_over():
    answers = {"AT+CPMS*": (BUSY, "+CPMS: 1,30\nOK"), "AT+CMGL=4": (BUSY, BUSY, listing((1, ONE)))}
    assert swept(answers)[0].found == (Lying("SM", 1, ONE),)
    answers = {"AT+CPMS*": (BUSY, "+CPMS: 1,30\nOK"), "AT+CMGR=1": (BUSY, f"+CMGR: 1,,24\n{ONE}\nOK"), "AT+CMGD*": (BUSY, OK)}
    assert removed(answers, Lying("SM", 1, ONE))[0][0] == (Lying("SM", 1, ONE),)
