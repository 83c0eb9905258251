"""A server that takes mail by SMTP, from those who know the password, and passes it on by LMTP.

What comes for the list goes to all who are on it, with a foot and headers of the list, as programs for lists do. Files in its folder
make it behave otherwise: `later` and `never` refuse a mail, `twice` passes each on twice.

    list.py FOLDER PORT LMTP SIZE PASSWORD [tls | starttls]
"""

import asyncio
import email
import email.mime.text
import email.policy
import pathlib
import smtplib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

folder, port, lmtp, size, password = sys.argv[1:6]
folder = pathlib.Path(folder)
everyone = ["alice", "bob", "carol"]


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == password.encode())


class List:
    async def handle_DATA(self, server, session, envelope):
        if (folder / "later").exists():
            return "451 4.7.1 try again later"
        if (folder / "never").exists():
            return "550 5.7.1 not wanted"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        recipients = []
        for recipient in envelope.rcpt_tos:
            if recipient == "tea@lists.example":
                recipients += [f"{name}@mail.example" for name in everyone]
                mail["List-Id"] = "<tea.lists.example>"
                subject = mail["Subject"]
                del mail["Subject"]
                mail["Subject"] = f"[tea] {subject}"
                if mail.get_content_type() == "multipart/mixed":
                    mail.attach(email.mime.text.MIMEText("-- \nthe list tea\n"))
            else:
                recipients.append(recipient)
        times = 2 if (folder / "twice").exists() else 1
        try:
            await asyncio.to_thread(deliver, recipients * times, mail.as_bytes())
        except OSError as error:
            return f"451 4.4.1 {error}"
        return "250 passed on"


def deliver(recipients, mail):
    with smtplib.LMTP("127.0.0.1", int(lmtp)) as to:
        for recipient in recipients:
            to.sendmail("tea-bounces@lists.example", [recipient], mail)


context = None
how = sys.argv[6:]
if how:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
controller = Controller(
    List(),
    hostname="127.0.0.1",
    port=int(port),
    ssl_context=context if how == ["tls"] else None,
    tls_context=context if how == ["starttls"] else None,
    require_starttls=how == ["starttls"],
    data_size_limit=int(size),
    authenticator=authenticate,
    auth_required=True,
    auth_require_tls=False,
)
# What it does to see whether it is there does not speak TLS.
controller._trigger_server = lambda: None
controller.start()
asyncio.new_event_loop().run_forever()
