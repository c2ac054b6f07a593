"""wxsim: a local WeChat (open platform and pay platform) for tests and demos.

The package knows nothing of the programs that talk to it: it is written from
the public protocol and shares no code with them.
"""

__version__ = "1.0.0"
