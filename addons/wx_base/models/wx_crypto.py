import hmac
import logging

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .. import keys
from ..fields import WxEncrypted, keyed_digest, keyed_digests
from ..tools import rc_cursor
from ..wxcrypto import CipherText, open_envelope, seal

_logger = logging.getLogger(__name__)
CHUNK = 1000


class WxCrypto(models.AbstractModel):
    """Encryption outside the ORM's field type: raw SQL writers, tokens, rotation."""

    _name = "wx.crypto"
    _description = "Encryption Service"

    @api.model
    def _ring(self):
        """The process's key ring; raises keys.WxKeyError."""
        return keys.ring()

    # values -------------------------------------------------------------------
    @api.model
    def _encrypt(self, model, field, value):
        """Stored form for column ``field`` of ``model``; None for an empty value.

        For multi-row SQL inserts; the ORM reads it as if it had written it.
        """
        return str(seal(keys.ring(), f"{model}:{field}", value)) if value else None

    @api.model
    def _decrypt(self, model, field, stored):
        """Clear text of a stored value (None when empty). The caller answers for
        logging: personal data goes through ``_wx_reveal``."""
        return (
            open_envelope(keys.ring(), f"{model}:{field}", stored) if stored else None
        )

    @api.model
    def _digest(self, value, kind="phone"):
        """The look-up digest that ``WxEncrypted(digest=…, mask=kind)`` stores."""
        return keyed_digest(value, kind) if value else None

    @api.model
    def _digests(self, value, kind="phone"):
        """Every digest a stored row may carry, for ``digest IN (…)`` in raw SQL."""
        return keyed_digests(value, kind)

    # derived keys -------------------------------------------------------------
    @api.model
    def _hmac(self, purpose, data, version=None):
        """HMAC-SHA256 (32 bytes) under a key derived for ``purpose`` from the current
        (or the given) key version."""
        return keys.ring().mac(purpose, data, version)

    @api.model
    def _hmac_valid(self, purpose, data, mac):
        """Whether ``mac`` was made by ``_hmac`` under any key still in the ring;
        constant time per key."""
        ring = keys.ring()
        return any(
            hmac.compare_digest(ring.mac(purpose, data, version), mac)
            for version in ring.versions
        )

    # start --------------------------------------------------------------------
    def _register_hook(self):
        super()._register_hook()
        self._check_keys()

    @api.model
    def _check_keys(self):
        """Compares the key file with the fingerprints this database has met.

        Logs one CRITICAL line that says what to do; the ERP itself still starts, and
        whatever needs a key fails with the same message.
        """
        try:
            ring = keys.ring()
        except keys.WxKeyError as error:
            _logger.critical("%s", error)
            return False
        present = {version: ring.fingerprint(version) for version in ring.versions}
        # READ COMMITTED: workers that start together must not fail on each other
        with rc_cursor(self.env) as cr:
            cr.execute(
                "INSERT INTO wx_crypto_key (version, fingerprint)"
                " SELECT * FROM unnest(%s::int[], %s::text[])"
                " ON CONFLICT (version) DO NOTHING",
                (list(present), list(present.values())),
            )
            cr.execute("SELECT version, fingerprint FROM wx_crypto_key")
            known = dict(cr.fetchall())
        wrong = [v for v in present if known.get(v, present[v]) != present[v]]
        if wrong:
            _logger.critical(
                "Key file %s: version %s is not the key this database was written "
                "with. Install the same key file on every node.",
                keys.key_file(),
                ", ".join(map(str, wrong)),
            )
        return not wrong

    # rotation -----------------------------------------------------------------
    @api.model
    def _encrypted_columns(self):
        """Hook: [(table, column, model, digest column or None, kind)] of every
        encrypted column. Modules with tables outside the ORM extend it."""
        columns = []
        for model in self.env.registry.values():
            if model._abstract or not model._auto:
                continue
            for field in model._fields.values():
                if isinstance(field, WxEncrypted) and field.store:
                    columns.append(
                        (
                            model._table,
                            field.name,
                            model._name,
                            field.digest,
                            field.mask,
                        )
                    )
        return sorted(columns)

    @api.model
    def _usage(self):
        """{key version: number of stored values} over all encrypted columns."""
        usage = {}
        self.env.flush_all()
        for table, column, *_rest in self._encrypted_columns():
            rows = self.env.execute_query(
                SQL(
                    "SELECT split_part(%(col)s, '.', 2)::int, count(*) FROM %(table)s"
                    " WHERE %(col)s IS NOT NULL GROUP BY 1",
                    col=SQL.identifier(column),
                    table=SQL.identifier(table),
                )
            )
            for version, count in rows:
                usage[version] = usage.get(version, 0) + count
        return usage

    @api.model
    def _rotate(self):
        """Starts the chain of jobs that re-encrypts values of older keys; returns the
        ``wx.job.chain``. Afterwards the old line may leave the key file."""
        if not (self.env.su or self.env.user._is_system()):
            raise AccessError(
                self.env._("Only an administrator may renew the encryption.")
            )
        current = self._ring().current
        todo = sum(count for v, count in self._usage().items() if v != current)
        return self.env["wx.job.chain"]._start(
            self.env._("Re-encrypt under key %(version)s", version=current),
            "wx.crypto",
            "_rotate_chunk",
            {"column": 0, "last_id": 0},
            todo,
            key=f"wx.crypto.rotate.{current}",
        )

    @api.model
    def _rotate_chunk(self, chain, state):
        """One step of rotation: up to CHUNK rows of one column. See wx.job.chain."""
        columns = self._encrypted_columns()
        if state["column"] >= len(columns):
            return None, 0
        column = columns[state["column"]]
        done, last_id = self._rotate_rows(*column, after=state["last_id"])
        if last_id is None:
            return {"column": state["column"] + 1, "last_id": 0}, 0
        return {"column": state["column"], "last_id": last_id}, done

    @api.model
    def _rotate_rows(self, table, column, model, digest, kind, after=0, limit=CHUNK):
        """Re-encrypts rows with id > ``after``; (number, last id) or (0, None)."""
        ring = self._ring()
        context = f"{model}:{column}"
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %(col)s FROM %(table)s WHERE id > %(after)s"
                " AND %(col)s IS NOT NULL AND split_part(%(col)s, '.', 2) <> %(cur)s"
                " ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE",
                col=SQL.identifier(column),
                table=SQL.identifier(table),
                after=after,
                cur=str(ring.current),
                limit=limit,
            )
        )
        if not rows:
            return 0, None
        values = []
        for row_id, stored in rows:
            clear = open_envelope(ring, context, stored)
            values.append(
                (
                    row_id,
                    str(CipherText(seal(ring, context, clear))),
                    keyed_digest(clear, kind) if digest else None,
                )
            )
        assign = [SQL("%s = v.stored", SQL.identifier(column))]
        if digest:
            assign.append(SQL("%s = v.digest", SQL.identifier(digest)))
        self.env.cr.execute(
            SQL(
                "UPDATE %(table)s AS t SET %(assign)s FROM (VALUES %(values)s)"
                " AS v(id, stored, digest) WHERE t.id = v.id",
                table=SQL.identifier(table),
                assign=SQL(", ").join(assign),
                values=SQL(", ").join(
                    SQL("(%s, %s, %s::text)", *row) for row in values
                ),
            )
        )
        if model in self.env:
            self.env[model].invalidate_model([column], flush=False)
        return len(rows), rows[-1][0]
