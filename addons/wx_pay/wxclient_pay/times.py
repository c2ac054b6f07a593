"""WeChat Pay's times: RFC 3339 with Beijing's offset; Beijing business days."""

from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


def parse_rfc3339(text: str) -> datetime:
    """``2018-06-08T10:34:56+08:00`` as an aware datetime.

    :raise ValueError: when the text is no time or has no offset
    """
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("time without offset")
    return moment


def beijing_rfc3339(moment: datetime) -> str:
    """A datetime (naive means UTC) as WeChat wants it, whole seconds."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(BEIJING).replace(microsecond=0).isoformat()


def beijing_date(moment: datetime) -> date:
    """The Beijing day of a datetime (naive means UTC)."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(BEIJING).date()
