"""A mail server for the tests of the certificate server: takes mail, and writes each as a line of JSON.

    python smtp.py FILE PORT [CERTIFICATE KEY]

PORT 0 is any; the one it is gets printed. With a certificate nothing is taken before STARTTLS. A recipient whose name
begins with `nobody` is refused for good, one that begins with `later` for now.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP


class Keep:
    def __init__(self, file):
        self.file = file

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        kept = {
            "tls": session.ssl is not None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(mail["Subject"]),
            "id": str(mail["Message-ID"]),
            "headers": [name for name, _ in mail.items()],
            "text": body.get_content() if body else "",
            "attachments": [
                {"name": part.get_filename(), "text": part.get_payload(decode=True).decode()}
                for part in mail.iter_attachments()
            ],
        }
        with open(self.file, "a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")
        return "250 OK"


async def serve(file, port, certificate=None, key=None):
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)

    def connection():
        return SMTP(Keep(file), hostname="mail.example", tls_context=tls, require_starttls=tls is not None,
                    enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", int(port))
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(*sys.argv[1:]))
