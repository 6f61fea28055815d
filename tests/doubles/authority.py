"""Certificates as an administrator has them: self-signed or issued through an intermediate, good and bad ones."""

import datetime as dt
import functools
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@functools.cache
def pair(name="otppi", *, begins=-1, ends=30, kind="ec", bits=2048, usage=ExtendedKeyUsageOID.SERVER_AUTH):
    """Give ``(certificate, key)`` as PEM, valid from and to so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, bits)
    certificate = _signed(name, key, name, key, begins, ends, [x509.SubjectAlternativeName([LOOPBACK]), x509.ExtendedKeyUsage([usage])])
    return _pem(certificate), key_pem(key)


@functools.cache
def chain():
    """Give ``(leaf and intermediate, key, root)`` as PEM."""
    root, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    authority = x509.BasicConstraints(ca=True, path_length=None)
    top = _signed("root", root, "root", root, -1, 30, [authority])
    between = _signed("middle", middle, "root", root, -1, 30, [authority])
    end = _signed("leaf", leaf, "middle", middle, -1, 30, [x509.SubjectAlternativeName([LOOPBACK])])
    return _pem(end) + _pem(between), key_pem(leaf), _pem(top)


def key_pem(key, passphrase=None):
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def locked(key):
    """Give a PEM key with a passphrase."""
    return key_pem(serialization.load_pem_private_key(key.encode(), None), b"open sesame")


def trusting(certificate):
    """Give a client's context that knows this certificate alone, and checks names and dates."""
    return ssl.create_default_context(cadata=certificate)


def careless():
    """Give a client's context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not the default one: that reads the system's authorities first, which takes longest
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def client_hello():
    """Give the first bytes that a client sends."""
    out = ssl.MemoryBIO()
    visitor = careless().wrap_bio(ssl.MemoryBIO(), out)
    try:
        visitor.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()
    raise AssertionError("a handshake with nobody")


def _signed(name, key, issuer, issuer_key, begins, ends, extensions):
    now = dt.datetime.now(dt.UTC)
    builder = (x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer)).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now + dt.timedelta(days=begins))
               .not_valid_after(now + dt.timedelta(days=ends)))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
