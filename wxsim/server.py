"""The simulator as an object: start, stop, base_url."""

import importlib
import importlib.util
import pathlib
import tempfile
import threading

from .core import store as store_module
from .core.app import App, run_reset_hooks
from .core.clock import Clock
from .core.delivery import Delivery
from .core.faults import Faults
from .core.httpd import Httpd
from .core.ids import Ids
from .core.requestlog import RequestLog
from .core.settings import Settings
from .core.ticker import Ticker

PARTS = ("wxsim.pay", "wxsim.mp", "wxsim.web", "wxsim.control")

store_module.register_schema(pathlib.Path(__file__).parent / "core" / "schema.sql")


def load_parts():
    """Import every part that is installed, which registers its routes."""
    for name in PARTS:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)


class Simulator:
    """One local WeChat.

    ``db_path``: SQLite file (None: a temporary one), ``port`` 0: any free one,
    ``seed``: of all identifiers, ``latency``: seconds added to each platform
    answer, ``time_scale``: how many times faster the retry ladder runs,
    ``log_file``: path for a request log in JSON lines.
    """

    def __init__(
        self,
        db_path=None,
        host="127.0.0.1",
        port=0,
        seed=1,
        latency=0.0,
        time_scale=1.0,
        log_file=None,
    ):
        load_parts()
        self._temporary = None
        if db_path is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="wxsim-")
            db_path = pathlib.Path(self._temporary.name) / "wxsim.sqlite"
        self.stopping = threading.Event()
        self.seed = seed
        self.store = store_module.Store(db_path)
        self.settings = Settings(
            self.store, {"latency": latency, "time_scale": time_scale}
        )
        self.clock = Clock(self.store)
        self.ids = Ids(seed)
        self.faults = Faults(self.store)
        self.log = RequestLog(log_file)
        self.delivery = Delivery(self)
        self.ticker = Ticker(self)
        self.app = App(self)
        self._address = (host, port)
        self._httpd = None
        self._thread = None

    def start(self):
        """Listen and deliver, in threads; returns the simulator itself."""
        self._httpd = Httpd(self._address, self.app)
        self._thread = threading.Thread(
            target=self._httpd.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="wxsim-http",
            daemon=True,
        )
        self._thread.start()
        self.delivery.start()
        self.ticker.start()
        return self

    @property
    def port(self):
        """The port it listens on."""
        return self._httpd.server_port if self._httpd else self._address[1]

    @property
    def base_url(self):
        """``http://host:port`` without a slash at the end."""
        return f"http://{self._address[0]}:{self.port}"

    def reset(self):
        """Forget everything: database, settings, clock, faults, log."""
        self.store.wipe()
        self.settings.forget()
        self.clock.forget()
        self.faults.reload()
        self.log.clear()
        run_reset_hooks(self)

    def stop(self):
        """Stop listening, end connections and deliveries, close the store."""
        self.stopping.set()
        if self._httpd:
            self._httpd.shutdown()
            self._httpd.close_connections()
            self._httpd.server_close()
            self._thread.join(5)
        self.delivery.stop()
        self.ticker.stop()
        self.store.close()
        self.log.close()
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc_info):
        self.stop()
