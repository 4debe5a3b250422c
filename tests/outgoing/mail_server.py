"""A real mail server on loopback, with TLS and a log-in, whose certificate a made-up authority has signed."""

import datetime as dt
import ipaddress
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stammgast.kernel.processes.ports import free_port

USER, PASSWORD = "inn", "a pass word"


def make_certificates(folder):
    """Write an authority and a certificate of 127.0.0.1 and localhost; return (authority, certificate, key)."""
    now = dt.datetime.now(dt.UTC)

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def build(subject, issuer, key, signer, *extensions):
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(hours=1))
        builder = builder.not_valid_after(now + dt.timedelta(days=1))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(signer, hashes.SHA256())

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = build(
        name("Tests"),
        name("Tests"),
        root_key,
        root_key,
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), False),
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = build(
        name("localhost"),
        name("Tests"),
        key,
        root_key,
        (x509.SubjectAlternativeName(names), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False),
    )
    paths = [folder / one for one in ("authority.pem", "server.pem", "server.key")]
    paths[0].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    paths[2].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@dataclass
class Handler:
    """Takes mails as the test says: `answers` holds SMTP answers to DATA, `refuses` recipients that are not there."""

    got: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    refuses: dict = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    logins: list = field(default_factory=list)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's name
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if callable(answer):
            answer = answer(envelope)
        if answer.startswith("250"):
            self.got.append((envelope, message_from_bytes(envelope.content, policy=default)))
            self.logins.append(session.auth_data)
        return answer

    def mails(self):
        return [mail for _, mail in self.got]

    def ids(self):
        return [mail["Message-ID"] for mail in self.mails()]


def start_mail_server(certificates, security="starttls", *, auth=True):
    """Return (controller, handler), listening; `security` as a target has it."""
    handler = Handler()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificates[1:])

    def authenticate(_server, _session, _envelope, _mechanism, given):
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=is_right, auth_data=given.login if is_right else None, handled=False)

    options = {"starttls": {"tls_context": context, "require_starttls": True}, "tls": {"ssl_context": context}}
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=authenticate if auth else None,
        auth_required=auth,
        auth_require_tls=security == "starttls",
        enable_SMTPUTF8=True,
        **options.get(security, {}),
    )
    controller.start()
    return controller, handler
