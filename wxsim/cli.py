"""Command line of the simulator."""

import argparse
import logging
import signal
import threading

from .server import Simulator


def parser():
    """The argument parser of ``python -m wxsim``."""
    out = argparse.ArgumentParser(
        prog="python -m wxsim", description="A local WeChat for tests and demos."
    )
    out.add_argument("--host", default="127.0.0.1")
    out.add_argument("--port", type=int, default=8090)
    out.add_argument("--db", default="wxsim.sqlite", help="SQLite file")
    out.add_argument("--seed", type=int, default=1, help="seed of all identifiers")
    out.add_argument(
        "--latency", type=float, default=0.15, help="seconds added to each answer"
    )
    out.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="how many times faster the retry ladder runs",
    )
    out.add_argument("--log-file", help="request log, JSON lines")
    return out


def main(argv=None):
    """Run until SIGINT or SIGTERM; returns the exit status."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    sim = Simulator(
        args.db,
        host=args.host,
        port=args.port,
        seed=args.seed,
        latency=args.latency,
        time_scale=args.time_scale,
        log_file=args.log_file,
    )
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        sim.start()
    except OSError as error:
        print(f"wxsim cannot listen on {args.host}:{args.port}: {error.strerror}")
        return 1
    print(f"wxsim {sim.base_url} (database {args.db})", flush=True)
    done.wait()
    sim.stop()
    return 0
