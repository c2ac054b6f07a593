"""Encryption of personal data and secrets; pure Python, no odoo."""

from .envelope import CipherText, EnvelopeError, is_envelope, open_envelope, seal
from .keyring import KeyRing, KeyRingError
from .masks import KINDS, looks_masked, mask, normalise
