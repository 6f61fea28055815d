import base64

import pytest
from doubles.authority import pair, trusting
from doubles.service import PASSWORD, Service
from web.house import call, order, wait_for

from otppi.domain.errors import Mistake

SIGNED = {"Authorization": "Basic " + base64.b64encode(f"shop:{PASSWORD}".encode()).decode()}
OLD, NEW = pair("old"), pair("new")


def doors(service):
    return service.do("status")["door"]


def certify(service, certificate, key):
    service.do("settings.set", section="certificates", value=[{"id": "a", "certificate": certificate, "key": key}])


def served(url, certificate):
    return call(url, body=order(), headers=SIGNED, context=trusting(certificate)).status == 200


def test_certificates_are_set_changed_and_taken_away_while_the_service_works(tmp_path):
    with Service(tmp_path, settings={"api": {"https_enabled": True, "https_port": 0}}) as service:
        assert doors(service)["api"] == {"urls": [service.api], "error": "The API's HTTPS is not open: no certificate is active."}
        certify(service, *OLD)
        wait_for(lambda: not doors(service)["api"]["error"])
        plain, secure = doors(service)["api"]["urls"]
        (admin,) = doors(service)["admin"]["urls"]
        assert plain == service.api
        assert served(plain, OLD[0])
        assert served(secure, OLD[0])
        assert call(admin, "GET", "/healthz", context=trusting(OLD[0])).status == 200
        with pytest.raises(Mistake, match="key: does not belong to the certificate"):
            certify(service, NEW[0], OLD[1])
        assert served(secure, OLD[0])
        certify(service, *NEW)
        wait_for(lambda: _quietly_served(secure, NEW[0]))
        assert service.do("settings.show", section="certificates")[0]["key"] == {"secret": "set"}
        service.terminate()
        service.start()
        assert service.admin.startswith("https://")
        assert served(doors(service)["api"]["urls"][1], NEW[0])
        service.do("settings.set", section="certificates", value=[])
        wait_for(lambda: doors(service)["admin"]["urls"][0].startswith("http://"))
        assert served(service.api, NEW[0])
        assert "BEGIN" not in service.log.read_text("utf-8")


def _quietly_served(url, certificate):
    try:
        return served(url, certificate)
    except OSError:
        return False
