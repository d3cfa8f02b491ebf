"""Beside step 5: who gets something, put together from the settings and from the subscriptions as they are now."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpcore2

from services.intake import national_portal, notices, webhooks
from services.intake.named import Names
from services.intake.national_caller import Caller
from services.intake.national_comparison import Comparer
from services.intake.national_portal import National, Ratings
from services.intake.notices import NoticeReceiver
from services.intake.outgoing import QUERY, Outgoing, Receiver
from services.intake.webhooks import Signer, WebhookReceiver


@dataclass
class Receivers:
    """Everybody who gets something. Webhooks are looked up each time: a subscription counts from its next moment on."""

    outgoing: Outgoing
    names: Names
    signer: Signer
    _net: httpcore2.AsyncConnectionPool | None = field(default=None, init=False)
    _fixed: list[Receiver] | None = field(default=None, init=False)

    async def __call__(self) -> list[Receiver]:
        """Give them all."""
        settings = self.outgoing.runtime.settings
        self._net = self._net or webhooks.network(inside=settings.webhooks_inside)
        if self._fixed is None:
            self._fixed = [*self._national(), *self._notices()]
        pauses = settings.retry_seconds or webhooks.PAUSES_SECONDS
        rows = await self.outgoing.runtime.log.pool.fetch(QUERY["active"])
        return [*self._fixed, *(WebhookReceiver(self.outgoing, row, self.signer, self._net, pauses) for row in rows)]

    def _national(self) -> list[Receiver]:
        settings = self.outgoing.runtime.settings
        if settings.national_url is None:
            return []
        password = settings.national_password.get_secret_value()
        unit = self.names.catalogue.agency
        caller = Caller(settings.national_url, settings.national_username, password, unit, settings.national_timeout_seconds)
        pauses = settings.retry_seconds or national_portal.PAUSES_SECONDS
        national = National(self.outgoing, self.names, caller, pauses)
        comparer = Comparer(national, settings.national_comparison_seconds, settings.national_days)
        return [national, Ratings(self.outgoing, caller, pauses), comparer]

    def _notices(self) -> list[Receiver]:
        settings = self.outgoing.runtime.settings
        smtp = settings.smtp_url.get_secret_value() if settings.smtp_url else None
        pauses = settings.retry_seconds or notices.PAUSES_SECONDS
        found = notices.channels(smtp, settings.notice_sender, settings.notice_folder)
        return [NoticeReceiver(self.outgoing, self.names, channel, pauses) for channel in found]
