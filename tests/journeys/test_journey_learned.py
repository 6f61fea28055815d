"""What is found out about a modem is kept over restarts, told as JSON, played by a virtual modem, and forgotten when asked to (S2)."""

import json

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Service, until

from otppi.books import open_books
from otppi.domain.errors import NotDone
from otppi.virtual.findings import make_of


def explorations(network):
    return network.commands().count("AT+CPMS=?")


def test_a_modem_is_explored_in_one_life_and_known_in_the_next_until_it_is_forgotten(tmp_path):
    with VirtualNetwork(tmp_path, profile="ep06") as network, Service(tmp_path, network) as service:
        known, = until(lambda: service.do("modem.learned"))
        assert (known["imei"], known["manufacturer"], known["model"], known["revision"]) == (network.state()["imei"], "Quectel", "EP06", "EP06ELAR04A04M4G")
        assert (known["capabilities"]["family"], known["capabilities"]["list_command"]) == ("quectel EP06", "")
        assert known["at"] > 0
        assert service.do("modem.learned", imei="1") == []
        assert explorations(network) == 1

        service.terminate()
        assert open_books(service.data).operations()["modem.learned"](imei=known["imei"]) == [known]
        service.start()
        service.until_modem("modem0", "ready")
        assert explorations(network) == 1

        service.do("modem.forget", imei=known["imei"])
        assert service.do("modem.learned") == []
        with pytest.raises(NotDone, match="Nothing was found out"):
            service.do("modem.forget", imei=known["imei"])
        service.terminate()
        service.start()
        service.until_modem("modem0", "ready")
        assert explorations(network) == 2

    path = tmp_path / "exported.json"
    path.write_text(json.dumps([known]))
    played = make_of(str(path))
    assert (played.model, played.revision, played.refused) == ("EP06", "EP06ELAR04A04M4G", {"+CMGL": 303})
