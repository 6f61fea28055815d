"""A private ActiveMQ on loopback ports: STOMP without and with TLS, one user, everything persistent in its folder."""

import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from doubles import authority
from doubles.broker import Broker, free_port

HOME = Path("/usr/share/activemq")
STORE_PASSWORD = "open sesame"
_XML = """<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
  http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
 <broker xmlns="http://activemq.apache.org/schema/core" brokerName="otppi-{port}" dataDirectory="{folder}/data" useJmx="false"
  advisorySupport="false" schedulerSupport="false" useShutdownHook="false">
  <persistenceAdapter><kahaDB directory="{folder}/data/kahadb" journalMaxFileLength="1mb" preallocationStrategy="sparse_file"/></persistenceAdapter>
  <plugins><simpleAuthenticationPlugin anonymousAccessAllowed="false"><users>
   <authenticationUser username="{user}" password="{password}" groups="users"/>
  </users></simpleAuthenticationPlugin></plugins>
  <sslContext><sslContext keyStore="file:{folder}/server.p12" keyStorePassword="{secret}" keyStoreType="PKCS12"/></sslContext>
  <transportConnectors>
   <transportConnector name="stomp" uri="stomp://127.0.0.1:{port}"/>
   <transportConnector name="stomps" uri="stomp+ssl://127.0.0.1:{tls_port}"/>
  </transportConnectors>
 </broker>
</beans>
"""


class ActivemqServer(Broker):
    """``port`` and ``tls_port`` speak STOMP to ``user`` with ``password``; ``ca_file`` knows the certificate.

    It wants a broker's certificate as Java keeps one, and a heap small enough for a machine that runs other brokers beside it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tls_port, self.user, self.password = free_port(), "gateway", "p4ss:word-of-activemq"
        certificate, key = authority.pair("activemq")
        self.ca_file = self.folder / "ca.pem"
        self.ca_file.write_text(certificate)
        (self.folder / "server.p12").write_bytes(pkcs12.serialize_key_and_certificates(
            b"activemq", serialization.load_pem_private_key(key.encode(), None), x509.load_pem_x509_certificate(certificate.encode()), None,
            serialization.BestAvailableEncryption(STORE_PASSWORD.encode())))
        (self.folder / "activemq.xml").write_text(_XML.format(folder=self.folder, port=self.port, tls_port=self.tls_port, user=self.user,
                                                              password=self.password, secret=STORE_PASSWORD))

    def command(self) -> list[str]:
        """Without the launcher script, which wants an instance of the whole machine."""
        return ["java", "-Xmx320m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dactivemq.home={HOME}", f"-Dactivemq.base={self.folder}",
                f"-Dactivemq.conf={self.folder}", f"-Dactivemq.data={self.folder}/data", f"-Djava.io.tmpdir={self.folder}",
                "-jar", str(HOME / "bin" / "activemq.jar"), "start", f"xbean:file:{self.folder}/activemq.xml"]

    def answers(self) -> bool:
        """Whether it welcomes the user, on the port that is opened last too."""
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex((self.host, self.tls_port)):
                return False
        with socket.socket() as client:
            client.settimeout(5)
            try:
                client.connect((self.host, self.port))
                client.sendall(f"CONNECT\naccept-version:1.0\nlogin:{self.user}\npasscode:{self.password}\n\n\0".encode())
                return client.recv(4096).startswith(b"CONNECTED")
            except OSError:
                return False
