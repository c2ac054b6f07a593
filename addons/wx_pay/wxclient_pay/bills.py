"""Apply for and download bills (trade and fund flow)."""

import hashlib
import hmac
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from .errors import (
    WxPayBusinessError,
    WxPayHashError,
    WxPayNetworkError,
    WxPaySignatureError,
)

CHUNK = 256 * 1024
MAX_BILL = 4 * 1024 * 1024 * 1024


@dataclass(frozen=True)
class BillFile:
    """What was written: SHA-1 (hex) and size in bytes of the uncompressed bill."""

    sha1: str
    size: int


class BillMixin:
    """The bill part of :class:`WxPayV3`."""

    def apply_trade_bill(self, bill_date, bill_type="ALL", gzip=True) -> dict:
        """Address and hash of a trade bill.

        :param bill_date: Beijing day
        :raise WxPayBusinessError: ``STATEMENT_CREATING`` (not yet),
            ``NO_STATEMENT_EXIST`` (nothing that day)
        """
        query = {"bill_date": bill_date.isoformat(), "bill_type": bill_type}
        return self._apply_bill("/v3/bill/tradebill", query, gzip)

    def apply_fund_flow_bill(self, bill_date, account_type="BASIC", gzip=True) -> dict:
        """Address and hash of a fund-flow bill; errors as for the trade bill."""
        query = {"bill_date": bill_date.isoformat(), "account_type": account_type}
        return self._apply_bill("/v3/bill/fundflowbill", query, gzip)

    def _apply_bill(self, path, query, gzip):
        if gzip:
            query["tar_type"] = "GZIP"
        answer = self.call("GET", path, query=query)
        # WeChat's own sample shows a blank before the address.
        return {**answer, "download_url": str(answer["download_url"]).strip()}

    def download_bill(self, application, out, packed=None) -> BillFile:
        """Stream a bill into ``out`` (binary, uncompressed) and check its SHA-1.

        The download is the one unsigned answer; the hash came in a signed one.

        :param application: the answer of ``apply_*``
        :param packed: binary file that gets the same bill as a gzip stream
        :raise WxPayHashError: other bytes than announced
        :raise WxPayNetworkError: connection lost
        :raise WxPaySignatureError: the address lies on a foreign host
        """
        url = application["download_url"]
        if not self.same_host(url):
            raise WxPaySignatureError("host", "bill address on a foreign host")
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self._send("GET", target, stream=True)
        try:
            if answer.status_code != 200:
                self._open(answer, False)
                raise WxPayBusinessError(answer.status_code, "UNEXPECTED_ANSWER")
            bill = self._copy(answer, out, packed)
        except requests.RequestException as exc:
            raise WxPayNetworkError("bill download was cut off") from exc
        finally:
            answer.close()
        wanted = str(application.get("hash_value") or "").lower()
        if application.get("hash_type") != "SHA1" or not hmac.compare_digest(
            wanted, bill.sha1
        ):
            raise WxPayHashError("the bill's SHA-1 differs from the announced one")
        return bill

    @staticmethod
    def _copy(answer, out, packed=None) -> BillFile:
        """Copy; unpack when the bytes are a gzip stream, whatever the headers say."""
        digest, size, inflate = hashlib.sha1(usedforsecurity=False), 0, None
        first, deflate = True, None
        for chunk in answer.iter_content(CHUNK):
            if first and chunk[:2] == b"\x1f\x8b":
                inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
            elif first:
                deflate = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
            first = False
            if packed is not None:
                packed.write(chunk if inflate else deflate.compress(chunk))
            try:
                data = inflate.decompress(chunk) if inflate else chunk
            except zlib.error as exc:
                raise WxPayHashError("the packed bill is damaged") from exc
            size += len(data)
            if size > MAX_BILL:
                raise WxPayHashError("the bill is larger than any real one")
            digest.update(data)
            out.write(data)
        if inflate and not inflate.eof:
            raise WxPayHashError("the packed bill is cut off")
        if packed is not None and deflate:
            packed.write(deflate.flush())
        return BillFile(digest.hexdigest(), size)
