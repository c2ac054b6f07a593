"""Settings that the control API changes while the simulator runs.

A part declares its settings with ``declare`` and its switches for behaviour
that the public documentation leaves open with ``declare_unsure``.
"""

import threading

_SETTINGS = {}
_UNSURE = {}
_KEY = "settings"


class BadSetting(ValueError):
    """Unknown name or a value outside the declared ones."""


def declare(name, default, low=None, high=None, choices=None):
    """Declare a setting: its default (and type), bounds or choices."""
    _SETTINGS[name] = (default, low, high, choices)


def declare_unsure(name, choices, why):
    """Declare a switch; the first of ``choices`` is the default.

    ``why`` says which open point of the protocol it stands for.
    """
    _UNSURE[name] = (tuple(choices), why)


def unsure_catalogue():
    """All switches with their choices and reasons."""
    return {
        name: {"choices": list(choices), "why": why}
        for name, (choices, why) in sorted(_UNSURE.items())
    }


def _check(name, value):
    if name not in _SETTINGS:
        raise BadSetting(f"unknown setting {name}")
    default, low, high, choices = _SETTINGS[name]
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadSetting(f"{name} must be true or false")
    elif isinstance(default, (int, float)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadSetting(f"{name} must be a number")
        if low is not None and value < low or high is not None and value > high:
            raise BadSetting(f"{name} must be in {low}..{high}")
    elif isinstance(default, str) and not isinstance(value, str):
        raise BadSetting(f"{name} must be a string")
    if choices is not None and value not in choices:
        raise BadSetting(f"{name} must be one of {list(choices)}")


class Settings:
    """Current values: declared defaults, start-up values, then changes."""

    def __init__(self, store, start_values):
        self._store = store
        self._lock = threading.Lock()
        self._start = dict(start_values)
        kept = store.get_value(_KEY, {})
        self._changed = kept.get("settings", {})
        self._unsure = kept.get("unsure", {})

    def get(self, name):
        """The value of a setting (``KeyError`` when nobody declared it)."""
        if name in self._changed:
            return self._changed[name]
        if name in self._start:
            return self._start[name]
        return _SETTINGS[name][0]

    def unsure(self, name):
        """The chosen behaviour of a switch."""
        if name in self._unsure:
            return self._unsure[name]
        return _UNSURE[name][0][0]

    def update(self, values, unsure=None):
        """Change settings and switches; ``BadSetting`` changes nothing."""
        for name, value in values.items():
            _check(name, value)
        for name, value in (unsure or {}).items():
            if name not in _UNSURE:
                raise BadSetting(f"unknown switch {name}")
            if value not in _UNSURE[name][0]:
                raise BadSetting(f"{name} must be one of {list(_UNSURE[name][0])}")
        with self._lock:
            self._changed.update(values)
            self._unsure.update(unsure or {})
            self._store.set_value(
                _KEY, {"settings": self._changed, "unsure": self._unsure}
            )

    def as_dict(self):
        """All settings and, under ``unsure``, all switches."""
        out = {name: self.get(name) for name in sorted(_SETTINGS)}
        out["unsure"] = {name: self.unsure(name) for name in sorted(_UNSURE)}
        return out

    def forget(self):
        """Back to the start-up values (after a reset)."""
        with self._lock:
            self._changed, self._unsure = {}, {}


declare("latency", 0.15, 0, 60)
declare("time_scale", 1.0, 0.001, 1_000_000)
declare("auto_deliver", True)
