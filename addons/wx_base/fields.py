"""Field types for personal data and secrets.

``phone = WxEncrypted("Phone", digest="phone_digest", mask="phone")`` stores one text
column (AES-256-GCM envelope, see ``wxcrypto.envelope``) and adds the stored, indexed
column ``phone_digest`` by itself. What the ORM reads is always the mask.

- write clear text; writing back the mask that a screen showed changes nothing, any
  other masked-looking text is refused;
- ``search([("phone", "=", …)])`` goes through the digest (needs ``digest=``); every
  other operator but "is (not) set" is refused, so are grouping, sorting, aggregates;
- clear text: ``record._wx_reveal(field, reason)`` (personal data, logged) or
  ``record._wx_secret(field)`` (keys that the code itself needs);
- raw SQL writers use ``env["wx.crypto"]._encrypt(...)`` and ``_digest(...)``;
- the cache holds the encrypted form, so clear text lives only in the values written.
"""

import logging

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import keys
from .wxcrypto import (
    KINDS,
    CipherText,
    EnvelopeError,
    KeyRingError,
    looks_masked,
    mask,
    normalise,
    open_envelope,
    seal,
)

_logger = logging.getLogger(__name__)
UNREADABLE = "********"


def keyed_digest(value: str, kind: str = "phone", version: int | None = None) -> str:
    """``<key version>.<40 hex>``: keyed digest of the normalised value, for look-up.

    The same value of the same kind has the same digest in every model and column.
    """
    ring = keys.ring()
    version = ring.current if version is None else version
    data = normalise(kind, value).encode()
    return f"{version}.{ring.mac('digest/' + kind, data, version).hex()[:40]}"


def keyed_digests(value: str, kind: str = "phone") -> list[str]:
    """The digests under every key of the ring: rows not yet rotated match as well."""
    return [keyed_digest(value, kind, version) for version in keys.ring().versions]


class WxEncrypted(fields.Field):
    """A string that the database never sees in clear. See the module's docstring.

    :param digest: name of the look-up column to add (``None``: not searchable)
    :param mask: one of ``wxcrypto.KINDS``; decides the mask and the normal form
    """

    type = "char"
    _column_type = ("text", "text")
    is_text = True
    falsy_value = ""
    copy = False
    exportable = False

    digest = None
    mask = "secret"

    def __set_name__(self, owner, name):  # pylint: disable=missing-return
        super().__set_name__(owner, name)
        # Set-up forgets the arguments; uninstall puts the same field in once more.
        digest = (self._args__ or {}).get("digest")
        if digest and getattr(owner, "pool", None) is None:
            if digest in vars(owner):
                raise TypeError(f"{owner._name}.{digest} is made by WxEncrypted {name}")
            column = WxDigest(source=name)
            setattr(owner, digest, column)
            column.__set_name__(owner, digest)

    def setup_nonrelated(self, model):  # pylint: disable=missing-return
        super().setup_nonrelated(model)
        if self.mask not in KINDS:
            raise TypeError(f"{self}: mask must be one of {', '.join(KINDS)}")
        if "tracking" in self._extra_keys__ or getattr(self, "tracking", None):
            raise TypeError(f"{self}: an encrypted field cannot be tracked")

    @property
    def context(self):
        """What the stored value is bound to (additional authenticated data)."""
        return f"{self.model_name}:{self.name}"

    # clear <-> stored -----------------------------------------------------------
    def encrypt(self, value: str) -> CipherText:
        """Clear text → stored form. Raises keys.WxKeyError."""
        return seal(keys.ring(), self.context, value)

    def decrypt(self, stored: str) -> str:
        """Stored form → clear text. Raises keys.WxKeyError when it does not open."""
        try:
            return open_envelope(keys.ring(), self.context, stored)
        except (EnvelopeError, KeyRingError) as error:
            raise keys.WxKeyError(f"{self.context}: {error}") from error

    def stored(self, record):
        """The stored form on one record (None when empty), without access checks."""
        # sudo: ciphertext only; who may decrypt is checked by the caller
        record = record.sudo()
        if record.id and record.id not in self._get_cache(record.env):
            record.fetch([self.name])
        elif not record.id:
            self.__get__(record, type(record))
        return self._get_cache(record.env).get(record._ids[0])

    def _masked(self, stored):
        try:
            return mask(self.mask, self.decrypt(stored))
        except keys.WxKeyError as error:
            # one broken value must not make a whole list unreadable
            _logger.error("Unreadable encrypted value: %s", error)
            return UNREADABLE

    def _resolve(self, value, record):
        """A written value as stored form (None, or the record's own when it is its
        mask). Raises UserError for a mask that is not the record's own."""
        if value is None or value is False or value == "":
            return None
        if isinstance(value, CipherText):
            return value
        text = value.decode() if isinstance(value, bytes) else str(value)
        if looks_masked(self.mask, text):
            origin = record if len(record) == 1 else record.browse()
            current = self.stored(origin._origin or origin) if origin else None
            if current and self._masked(current) == text:
                return CipherText(current)
            raise UserError(
                record.env._(
                    "“%(field)s” holds a masked value; enter the full text.",
                    field=self.string,
                )
            )
        return self.encrypt(text)

    # ORM formats ----------------------------------------------------------------
    def convert_to_cache(self, value, record, validate=True):
        return self._resolve(value, record)

    def convert_to_column(self, value, record, values=None, validate=True):
        if isinstance(value, CipherText):
            return str(value)
        if not validate and values is None and value:
            return value  # from the cache, already in stored form
        resolved = self._resolve(value, record)
        if values is not None and resolved and self.name in values:
            # the ORM converts the same value once more for the cache
            values[self.name] = resolved
        return resolved and str(resolved)

    def convert_to_record(self, value, record):
        return self._masked(value) if value else False

    def convert_to_read(self, value, record, use_display_name=True):
        return value or False

    def convert_to_write(self, value, record):
        if not value or isinstance(value, CipherText):
            return value or False
        if looks_masked(self.mask, str(value)):
            return self._resolve(value, record)
        return value

    def write(self, records, value):  # pylint: disable=method-required-super
        records.env.remove_to_compute(self, records)
        cache = self._get_cache(records.env)
        for record in records:
            stored = self._resolve(value, record)
            if record._ids[0] in cache and cache[record._ids[0]] == stored:
                continue
            self._update_cache(record, stored, dirty=True)

    # search ---------------------------------------------------------------------
    def _refuse(self, env):
        raise UserError(
            env._(
                "“%(field)s” is encrypted: it can be searched only by its full value, "
                "and neither grouped nor sorted.",
                field=self.string,
            )
        )

    def _description_sortable(self, env):
        return False

    def _description_groupable(self, env):
        return False

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        if field_expr != self.name or operator not in ("in", "not in"):
            self._refuse(model.env)
        model._check_field_access(self, "read")
        wanted = [item for item in value if item]
        unset = len(wanted) < len(list(value))
        column = SQL.identifier(alias, self.name, to_flush=self)
        if wanted and not self.digest:
            self._refuse(model.env)
        terms = []
        if wanted:
            digest = SQL.identifier(
                alias, self.digest, to_flush=model._fields[self.digest]
            )
            digests = tuple(
                d for item in wanted for d in keyed_digests(item, self.mask)
            )
            terms.append(SQL("COALESCE(%s IN %s, FALSE)", digest, digests))
        if unset:
            terms.append(SQL("%s IS NULL", column))
        found = SQL(" OR ").join(terms) if terms else SQL("FALSE")
        return SQL("(%s)", found) if operator == "in" else SQL("NOT (%s)", found)

    def filter_function(self, records, field_expr, operator, value):
        if field_expr != self.name or operator != "in":
            self._refuse(records.env)
        wanted = {normalise(self.mask, item) for item in value if item}
        unset = any(not item for item in value)

        def matches(record):
            stored = self.stored(record)
            if not stored:
                return unset
            return bool(wanted) and (
                normalise(self.mask, self.decrypt(stored)) in wanted
            )

        return matches


class WxDigest(fields.Char):
    """Keyed digest of a WxEncrypted field of the same model; stored, indexed, readable
    by no user. Made by ``WxEncrypted(digest=…)``, rarely declared by hand."""

    def __init__(self, string="Digest", source=None, **kwargs):
        kwargs.setdefault("index", "btree_not_null")
        super().__init__(
            string,
            source=source,
            store=True,
            precompute=True,
            compute=self._compute_digest,
            depends=(source,),
            copy=False,
            groups=fields.NO_ACCESS,
            exportable=False,
            **kwargs,
        )

    source = None

    @staticmethod
    def _compute_digest(records):
        for field in records._fields.values():
            if not isinstance(field, WxDigest):
                continue
            source = records._fields[field.source]
            for record in records:
                stored = source.stored(record)
                record[field.name] = (
                    keyed_digest(source.decrypt(stored), source.mask)
                    if stored
                    else False
                )
