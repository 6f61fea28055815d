"""Which modem is at which port: what follows from what was seen, told and asked."""

from doubles.ears import Ears
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.domain.messages.ports import FindPort, PortAsked, PortFree, PortsSeen, PortUsed
from otppi.domain.serial_port import SerialPort, named
from otppi.domain.whereabouts import ASK_AGAIN_S, OWNER_FIRST_S, SETTLE_S, TELL_AGAIN_S, Claim, Whereabouts

A, B = "867962041234567", "867962041234575"


def port(name, birth=1, **more):
    return SerialPort(**{"path": f"/dev/{name}", "birth": (birth,), "candidate": True, **more})


class Scene:
    """Facts in the order in which they happen; time moves with :meth:`passes`."""

    def __init__(self, *ports, claims=()):
        self.where, self.now = Whereabouts(), 100.0
        self.where.claim(Claim(*claim) for claim in claims)
        self.seen(*ports)
        self.passes(SETTLE_S)

    def seen(self, *ports):
        came, gone = self.where.seen(PortsSeen(ports), self.now, 0)
        return [place.port.path for place in came], [place.port.path for place in gone]

    def passes(self, seconds):
        self.now += seconds

    def seek(self, modem, imei="", path="", *, look=True):
        self.where.seek(FindPort(modem, imei, path, Ears()), self.now)
        if look:
            self.seen(*(place.port for place in self.where.places.values() if place.port.birth))

    def used(self, modem, path, imei=""):
        self.where.used(PortUsed(modem, path, imei), self.now, 0)

    def freed(self, modem, path, imei=""):
        self.where.freed(PortFree(modem, path, imei), self.now)

    def asked(self, path, imei="", **more):
        self.where.asked(PortAsked(path, self.where.places[path].port.birth, imei, "" if imei else "silent", **more), self.now)

    @property
    def asking(self):
        return [place.port.path for place in self.where.to_ask(self.now, 2)]

    @property
    def told(self):
        return [(find.modem, answer.path or answer.why) for find, answer in self.where.answers(self.now)]


def test_a_port_opened_before_anybody_looked_or_by_another_name_is_one_port():
    scene = Scene()
    scene.used("m1", "/dev/by-id/stick", A)
    scene.used("m2", "usb:1-1", B)

    assert scene.seen(port("ttyUSB0", names=frozenset({"/dev/by-id/stick"})), port("ttyUSB1", usb="1-1")) == ([], [])
    assert {path: (place.user, place.imei) for path, place in scene.where.places.items()} == {"/dev/ttyUSB0": ("m1", A), "/dev/ttyUSB1": ("m2", B)}


def test_a_port_used_by_a_name_that_is_learned_later_is_joined_with_the_port():
    scene = Scene(port("ttyUSB0"))
    scene.used("m1", "/dev/by-id/stick", A)
    scene.seen(port("ttyUSB0", names=frozenset({"/dev/by-id/stick"})))

    assert [(place.user, place.imei) for place in scene.where.places.values()] == [("m1", A)]


def test_a_port_outside_of_what_is_looked_at_is_there_while_it_is_used():
    scene = Scene()
    scene.used("m1", "/elsewhere", A)
    assert scene.seen() == ([], [])
    assert list(scene.where.places) == ["/elsewhere"]
    scene.freed("m1", "/elsewhere", A)

    assert not scene.where.places


def test_what_was_known_of_a_port_is_forgotten_when_it_was_replugged():
    scene = Scene(port("ttyUSB0"))
    scene.used("m1", "/dev/ttyUSB0", A)
    assert scene.seen(port("ttyUSB0", birth=2)) == (["/dev/ttyUSB0"], ["/dev/ttyUSB0"])
    scene.freed("m1", "/dev/ttyUSB0", A)  # the line of before

    assert scene.where.places["/dev/ttyUSB0"].imei == ""


def test_an_answer_from_before_a_replug_counts_for_nothing():
    scene = Scene(port("ttyUSB0"))
    scene.seek("m1", A)
    assert scene.asking == ["/dev/ttyUSB0"]
    old = PortAsked("/dev/ttyUSB0", (1,), A)
    scene.seen(port("ttyUSB0", birth=2))
    scene.where.asked(old, scene.now)

    assert scene.told == []


def test_the_modem_of_a_port_has_the_first_try_and_others_ask_there_only_after_it():
    scene = Scene(port("ttyUSB0"), port("ttyUSB1"), claims=[("m1", "/dev/ttyUSB0"), ("m2", f"imei:{A}")])
    scene.seek("m2", A)
    assert scene.asking == ["/dev/ttyUSB1"]
    assert scene.where.due_in(scene.now) == OWNER_FIRST_S - SETTLE_S
    scene.passes(OWNER_FIRST_S)

    assert scene.asking == ["/dev/ttyUSB0"]


def test_nobody_is_asked_unless_somebody_is_looked_for():
    scene = Scene(port("ttyUSB0"))
    assert scene.asking == []
    assert scene.where.due_in(scene.now) is None
    scene.seek("m1", "", "/dev/ttyUSB0")

    assert scene.asking == []


def test_a_port_left_for_its_modem_is_not_asked_at_once_again():
    scene = Scene(port("ttyUSB0"))
    scene.seek("m2", A)
    assert scene.asking == ["/dev/ttyUSB0"]
    scene.seek("m1", "", "/dev/ttyUSB0")
    assert [place.port.path for place in scene.where.to_leave()] == ["/dev/ttyUSB0"]
    scene.where.asked(PortAsked("/dev/ttyUSB0", (1,), left=True), scene.now)

    assert scene.told == [("m1", "/dev/ttyUSB0")]
    assert scene.asking == []
    assert scene.where.due_in(scene.now) == OWNER_FIRST_S


def test_a_modem_is_not_told_of_the_port_at_which_it_has_looked_itself():
    scene = Scene(port("ttyUSB0"))
    scene.used("m1", "/dev/ttyUSB0", A)
    scene.freed("m1", "/dev/ttyUSB0", A)
    scene.seek("m1", A, "/dev/ttyUSB0")

    assert scene.told == []


def test_a_modem_that_looked_elsewhere_meanwhile_is_told_once_more():
    scene = Scene(port("ttyUSB0"), port("ttyUSB1"))
    scene.seek("m1", A, "/dev/ttyUSB0")
    assert scene.asking == ["/dev/ttyUSB0", "/dev/ttyUSB1"]
    scene.asked("/dev/ttyUSB1", A)
    scene.asked("/dev/ttyUSB0", B)
    assert scene.told == [("m1", "/dev/ttyUSB1")]
    scene.used("m1", "/dev/ttyUSB0")  # by itself, before it heard
    scene.freed("m1", "/dev/ttyUSB0", B)
    scene.seek("m1", A, "/dev/ttyUSB0")

    assert scene.told == [("m1", "/dev/ttyUSB1")]


def test_a_modem_named_by_its_usb_socket_is_found_at_the_port_of_it_that_answers():
    ports = [port(f"ttyUSB{number}", usb="1-1", function=f"1-1:1.{number}", stick="1-1", rank=number) for number in range(3)]
    assert named(ports, "usb:1-1").path == "/dev/ttyUSB0"
    assert named(ports, "usb:1-1:1.2").path == "/dev/ttyUSB2"
    assert named(ports, "usb:1-10") is None
    scene = Scene(*ports)
    scene.seek("m1", "", "usb:1-1")
    assert scene.asking == ["/dev/ttyUSB0"]
    scene.asked("/dev/ttyUSB0")
    assert scene.asking == ["/dev/ttyUSB1"]
    scene.asked("/dev/ttyUSB1", A)

    assert scene.told == [("m1", "/dev/ttyUSB1")]
    assert scene.asking == []


def test_a_number_with_the_software_version_in_it_is_the_same_modem():
    scene = Scene(port("ttyUSB0"))
    scene.seek("m1", A)
    assert scene.asking == ["/dev/ttyUSB0"]
    scene.asked("/dev/ttyUSB0", A[:14] + "78")

    assert scene.told == [("m1", "/dev/ttyUSB0")]


def test_two_modems_pulled_and_put_into_each_others_socket_one_after_the_other_are_not_taken_for_replaced():
    scene = Scene(claims=[("a", "/dev/ttyUSB0"), ("b", "/dev/ttyUSB1")])
    for modem, imei, path in (("a", A, "/dev/ttyUSB0"), ("b", B, "/dev/ttyUSB1")):
        scene.seek(modem, imei, path)
    scene.passes(3600)
    assert scene.told == []
    scene.seen(port("ttyUSB0"))
    scene.passes(SETTLE_S)
    assert scene.asking == ["/dev/ttyUSB0"]
    scene.asked("/dev/ttyUSB0", B)

    assert scene.told == [("b", "/dev/ttyUSB0")]
    scene.passes(3600)
    assert [told for told in scene.told if told[0] == "a"] == []


EVENTS = st.lists(st.tuples(st.sampled_from(["plug", "pull", "seek", "used", "freed", "asked", "left", "pass"]), st.integers(0, 2), st.integers(0, 2),
                            st.sampled_from([0.1, 1, 10, 61])), max_size=60)


@settings(max_examples=200, deadline=None)
@given(EVENTS)
def test_whatever_happens_no_modem_is_told_a_port_in_use_or_twice_within_a_minute_and_no_silent_port_is_asked_again_within_one(events):
    scene, plugged, birth = Scene(), {}, 1
    told, asked = {}, {}
    for what, number, other, seconds in events:
        path, imei, modem = f"/dev/ttyUSB{number}", (A, B, "")[other], f"m{other}"
        match what:
            case "plug" | "pull":
                birth += 1
                plugged.pop(path, None)
                told = {key: at for key, at in told.items() if key[1] != path}
                asked.pop(path, None)
                if what == "plug":
                    plugged[path] = port(path.rpartition("/")[2], birth)
                scene.seen(*plugged.values())
            case "seek":
                scene.seek(modem, imei, "" if seconds == 1 else path, look=False)
                scene.seen(*plugged.values())
            case "used":
                scene.used(modem, path, imei)
                told = {key: at for key, at in told.items() if key[0] != modem}
            case "freed":
                scene.freed(modem, path, imei)
            case "asked" | "left" if (place := scene.where.places.get(path)) is not None and place.asking:
                scene.asked(path, imei if what == "asked" else "", left=what == "left")
                asked[path] = scene.now if what == "asked" and not imei else asked.get(path, -1000)
            case "pass":
                scene.passes(seconds)
        for name, answer in scene.told:
            if answer.startswith("/dev/"):
                place = scene.where.places[answer]
                assert not place.user
                assert not place.asking
                assert scene.now - told.get((name, answer), -1000) >= TELL_AGAIN_S
                told[name, answer] = scene.now
        for one in scene.asking:
            assert not scene.where.places[one].user
            assert scene.now - asked.get(one, -1000) >= ASK_AGAIN_S
        due_s = scene.where.due_in(scene.now)
        assert due_s is None or due_s > 0
        assert sum(place.asking for place in scene.where.places.values()) <= 3
