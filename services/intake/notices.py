"""Beside step 5: the applicant is told at once what happened to the dossier (NĐ 224/2026, Điều 15.1.g): by e-mail, SMS, Zalo.

A channel is a port: it takes an address and a text. Which there are is a matter of settings; each is a receiver of its own, so every
notice's fate is kept per channel. No address is kept outside the vault.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import unquote, urlsplit

import orjson

from contracts.intake import DossierSubmitted
from kernel.edge.problem import Sentence
from kernel.eventlog import Recorded
from kernel.vault import Erased
from services.intake.feed import seen
from services.intake.named import Names
from services.intake.outgoing import Delivery, Outgoing, Tried
from services.intake.timeline import say

Contact = Literal["email", "phone"]

PURPOSE: Final = "notice"
READER: Final = "system:intake"
PAUSES_SECONDS: Final = (5.0, 60.0, 600.0, 3600.0, 14400.0, 43200.0)
SMTP_SECONDS: Final = 15.0
SUBJECT: Final = Sentence("Thông báo về hồ sơ", "About your dossier")
PERMANENT: Final = range(500, 600)
NO_ADDRESS, ERASED, UNDELIVERABLE = "no-address", "erased", "undeliverable"
"""Why a notice is done with though nobody got it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told. `id` is the same at each try, so that whoever carries it may know it again."""

    id: str
    to: str
    words: Sentence

    @property
    def text(self) -> str:
        """Both languages, Vietnamese first."""
        return f"{self.words.vi}\n\n{self.words.en}\n"


class Undeliverable(Exception):  # noqa: N818 - says what it is
    """The channel says that this will never arrive."""


class Channel(Protocol):
    """A way to reach somebody: `contact` says which of the applicant's particulars is the address."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def contact(self) -> Contact:
        """Which of the particulars is the address."""
        ...

    async def send(self, notice: Notice) -> None:
        """Send.

        Raises:
            OSError: if it did not work this time.
            Undeliverable: if it never will.
        """
        ...


@dataclass(frozen=True, slots=True)
class Smtp:
    """E-mail through a server of the department's."""

    url: str
    sender: str
    name: str = "email"
    contact: Contact = "email"

    async def send(self, notice: Notice) -> None:
        """Hand the letter to the server; it carries the same Message-ID at each try."""
        await asyncio.to_thread(self._send, notice)

    def _send(self, notice: Notice) -> None:
        letter, server = EmailMessage(), urlsplit(self.url)
        letter["From"], letter["To"], letter["Subject"] = self.sender, notice.to, f"{SUBJECT.vi} / {SUBJECT.en}"
        letter["Message-ID"] = f"<{notice.id}@{self.sender.rpartition('@')[2]}>"
        letter.set_content(notice.text)
        secure, host = server.scheme == "smtps", server.hostname or "localhost"
        context = ssl.create_default_context()
        made = (
            smtplib.SMTP_SSL(host, server.port or 465, timeout=SMTP_SECONDS, context=context)
            if secure
            else smtplib.SMTP(host, server.port or 25, timeout=SMTP_SECONDS)
        )
        try:
            with made as connection:
                connection.ehlo()
                if not secure and connection.has_extn("starttls"):
                    connection.starttls(context=context)
                if server.username:
                    connection.login(unquote(server.username), unquote(server.password or ""))
                connection.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            if any(code in PERMANENT for code, _ in error.recipients.values()):
                raise Undeliverable from None
            raise ConnectionError("the server would not take it") from None
        except smtplib.SMTPException as error:
            raise ConnectionError(type(error).__name__) from None


@dataclass(frozen=True, slots=True)
class FileSink:
    """In place of a gateway for SMS or Zalo while there is none: a line of JSON in a file per channel. For development only."""

    folder: Path
    name: str
    contact: Contact = "phone"

    async def send(self, notice: Notice) -> None:
        """Write the line."""
        await asyncio.to_thread(self._write, notice)

    def _write(self, notice: Notice) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{self.name}.jsonl").open("ab") as file:
            file.write(orjson.dumps({"id": notice.id, "to": notice.to, "text": notice.text}) + b"\n")


@dataclass(frozen=True, slots=True)
class NoticeReceiver:
    """Everybody who is reached through one channel."""

    outgoing: Outgoing
    names: Names
    channel: Channel
    pauses: Sequence[float] = PAUSES_SECONDS
    patient: bool = True

    @property
    def name(self) -> str:
        """Its name among the receivers."""
        return f"notice/{self.channel.name}"

    async def fill(self) -> None:
        """Write down every public event; a channel that is new begins with what happens from now on."""
        since = await self.outgoing.runtime.log.head()
        await self.outgoing.fill_from_own(self.name, lambda event: seen(event) is not None, since)

    async def deliver(self, delivery: Delivery) -> Tried:
        """Tell the applicant, if the vault has an address; that it was read, and for what, is recorded."""
        runtime = self.outgoing.runtime
        events = (await runtime.log.load(delivery.stream)).events
        event, submitted = _of(events, delivery.pos), events[0].fact
        public = seen(event)
        if public is None or not isinstance(submitted, DossierSubmitted):
            return Tried(arrived=True)
        try:
            person: dict[str, Any] = await runtime.vault.read(runtime.log.pool, submitted.personal_ref, READER, PURPOSE)
        except Erased:
            return Tried(arrived=True, error=ERASED)
        if not (address := person.get(self.channel.contact)):
            return Tried(arrived=True, error=NO_ADDRESS)
        words = say(public, await self.names.components(submitted.procedure, submitted.procedure_hash))
        try:
            await self.channel.send(Notice(f"{runtime.name}-{delivery.pos}", address, words))
        except Undeliverable:
            return Tried(arrived=True, error=UNDELIVERABLE)
        except OSError as error:
            return Tried(arrived=False, error=str(error) or type(error).__name__)
        return Tried(arrived=True)

    async def gone(self) -> None:
        """Do nothing."""


def _of(events: Sequence[Recorded], pos: int) -> Recorded:
    return next(event for event in events if event.pos == pos)


def channels(smtp_url: str | None, sender: str, folder: Path | None) -> list[Channel]:
    """Give the channels that the settings name."""
    found: list[Channel] = []
    if smtp_url:
        found.append(Smtp(smtp_url, sender))
    if folder is not None:
        found.append(FileSink(folder, "sms"))
        found.append(FileSink(folder, "zalo"))
        if not smtp_url:
            found.append(FileSink(folder, "email", "email"))
    return found
