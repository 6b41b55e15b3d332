"""The keys and certificates of one cluster: an authority, and an identity per program."""

import base64
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=365)  # longer than any test cluster lives
MASTERS = "system:masters"  # the group that may do everything


class Authority:
    """A certificate authority with its files in one folder: ca.crt, ca.key, and a pair per name it signs."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        # Elliptic: ten keys take milliseconds, where RSA takes seconds.
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name, "")
        builder = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
        _write(folder / "ca", self._key, builder.sign(self._key, hashes.SHA256()))

    def sign(self, file: str, user: str, group: str = "", hosts: tuple[str, ...] = ()) -> None:
        """Write the key and certificate of a user; with hosts, of a server too."""
        key = ec.generate_private_key(ec.SECP256R1())
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        builder = _builder(_name(user, group), self._name, key).add_extension(
            x509.ExtendedKeyUsage(purposes), critical=False
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        _write(self.folder / file, key, builder.sign(self._key, hashes.SHA256()))


def write_key(file: Path) -> None:
    """A key without a certificate, for signing service account tokens: FILE.key and FILE.pub."""
    key = ec.generate_private_key(ec.SECP256R1())
    _private(file.with_suffix(".key"), key)
    file.with_suffix(".pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def kubeconfig(file: Path, cluster: str, server: str, pki: Path, user: str) -> None:
    """Write a kubeconfig that holds its certificates, so that it works wherever it is copied."""

    def data(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    identity = {"client-certificate-data": data(f"{user}.crt"), "client-key-data": data(f"{user}.key")}
    text = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": cluster, "cluster": {"server": server, "certificate-authority-data": data("ca.crt")}}
        ],
        "users": [{"name": user, "user": identity}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": user}}],
        "current-context": cluster,
    }
    file.touch(mode=0o600)
    file.write_text(json.dumps(text, indent=1))  # JSON is YAML


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + VALID)
    )


def _name(user: str, group: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(file: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    _private(file.with_suffix(".key"), key)
    file.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _private(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
