"""The messengers' servers, on this machine: a proxy that ends TLS itself, with a certificate made on the spot.

HTTPS_PROXY and REQUESTS_CA_BUNDLE lead there, so that the desk and apprise run unchanged down to the wire and nothing
leaves the machine.
"""

import json
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = ("qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn", "hooks.slack.com")


def certificate(folder):
    """For the four names, signed by itself; the file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "messengers.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return path


class Messengers:
    """What was heard stands in `heard`; `answers` are given in turn, the last one for ever."""

    YES = (200, b'{"errcode": 0, "errmsg": "ok", "code": 0, "msg": "success"}', {})
    SILENCE = "silence"

    def __init__(self, folder):
        self.heard, self.answers = [], []
        self.certificate = certificate(folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate)
        self.is_over = threading.Event()
        messengers = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_CONNECT(self):
                self.host = self.path.rpartition(":")[0]
                if self.host not in HOSTS:
                    self.send_error(403)
                    return
                self.send_response(200)
                self.end_headers()
                self.connection = messengers.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                self.close_connection = False

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messengers.hear(self.host, self.path, body)
                answer = messengers.next_answer(self.host)
                if answer == Messengers.SILENCE:
                    messengers.is_over.wait(30)
                    self.close_connection = True
                    return
                status, text, headers = answer
                self.send_response(status)
                for name, value in {"Content-Length": len(text), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)
                self.close_connection = True

            def finish(self):
                super().finish()
                self.connection.close()  # the TLS one is not the server's own

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def environ(self) -> dict:
        proxy = f"http://127.0.0.1:{self.server.server_port}"
        return {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": "",
                "REQUESTS_CA_BUNDLE": str(self.certificate), "CURL_CA_BUNDLE": ""}  # fmt: skip

    def hear(self, host, path, body) -> None:
        parts = urlsplit(path)
        self.heard.append({"host": host, "path": parts.path, "query": dict(parse_qsl(parts.query)),
                           "body": json.loads(body), "at": time.monotonic()})  # fmt: skip

    def next_answer(self, host):
        answer = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or [self.YES])[0]
        return (200, b"ok", {}) if answer == self.YES and host == "hooks.slack.com" else answer

    @property
    def texts(self) -> list[str]:
        return [text_of(request["body"]) for request in self.heard]

    def close(self) -> None:
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()


def text_of(body) -> str:
    """Where each messenger's body has what is said."""
    for holder in (body, body.get("text"), body.get("content"), *body.get("attachments", ())):
        for name in ("content", "text"):
            if isinstance(holder, dict) and isinstance(holder.get(name), str):
                return holder[name]
    return ""
