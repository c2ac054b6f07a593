"""Open one notification: verify, parse, decrypt, in this order."""

import json
from dataclasses import dataclass

from .errors import WxPayDecryptError
from .sealing import decrypt_resource
from .verify import WINDOW_SECONDS, verify

MAX_BODY = 256 * 1024


@dataclass(frozen=True)
class Notification:
    """A verified and decrypted notification."""

    event_id: str
    event_type: str
    original_type: str
    serial: str
    resource: dict


def _object(data: bytes, what) -> dict:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise WxPayDecryptError("json", f"{what} is not JSON") from exc
    if not isinstance(value, dict):
        raise WxPayDecryptError("json", f"{what} is not a JSON object")
    return value


def open_notification(
    headers, body: bytes, keys, apiv3_key: bytes, now=None, window=WINDOW_SECONDS
) -> Notification:
    """A notification as WeChat meant it.

    :param headers: case-insensitive mapping
    :param body: raw bytes, never re-serialised JSON
    :param keys: :class:`PlatformKeys`
    :param apiv3_key: 32 bytes
    :raise WxPaySignatureError: not signed by WeChat, or a probe
    :raise WxPayDecryptError: signed, but not understood
    """
    serial = verify(headers, body, keys, now=now, window=window)
    if len(body) > MAX_BODY:
        raise WxPayDecryptError("structure", "notification is too large")
    envelope = _object(body, "the body")
    event_id = envelope.get("id")
    event_type = envelope.get("event_type")
    if not isinstance(event_id, str) or not event_id or not isinstance(event_type, str):
        raise WxPayDecryptError("structure", "notification without id or event type")
    resource = envelope.get("resource")
    opened = _object(decrypt_resource(apiv3_key, resource), "the resource")
    return Notification(
        event_id=event_id,
        event_type=event_type,
        original_type=str(resource.get("original_type") or ""),
        serial=serial,
        resource=opened,
    )
