"""The play: people buy while processes of the shop are killed with SIGKILL.

    python -m tests.faults.killing ORDERS SEED DUMP SIM_STATE SOURCE

run by ``ops/kills.py`` on a cluster of its own. Victims: a worker of the API, the
office with its jobs, a backend of PostgreSQL (which resets all others), the postmaster,
the simulator. A worker's parent replaces it; the rest is started again as a service
manager would. Shoppers repeat a request with the same Idempotency-Key until they have
an answer. Afterwards everything comes to rest, and WeChat's own tables are compared
with ours by SQL. The last line printed is a JSON object, see :func:`verdict`.
"""

import json
import random
import shutil
import sys
import threading
import time
from pathlib import Path

from ops import paths, pg
from ops import shop as shops
from ops.services import Stack
from ops.system import run
from tests.faults import killers, reckoning
from tests.faults.crowd import Crowd
from tests.stack import Shop

DATABASE = "killed"
PHONES = 8


def say(text):
    print(text, file=sys.stderr, flush=True)


def restore(dump, sim_state, source, stack):
    """The filled shop in the cluster of this run, with its file store."""
    pg.start()
    pg.drop(DATABASE)
    run([pg.bindir() / "createdb", DATABASE], env=pg.pg_env())
    command = [pg.bindir() / "pg_restore", "-j2", "--no-owner", "-d", DATABASE, dump]
    run(command, env=pg.pg_env())
    files = paths.DATA / "filestore"
    shutil.copytree(files / source, files / DATABASE, dirs_exist_ok=True)
    shutil.rmtree(stack.sim_db.parent, ignore_errors=True)
    stack.sim_db.parent.mkdir(parents=True)
    shutil.copy(sim_state, stack.sim_db)


def play(orders, seed, stack) -> dict:
    """Sells, kills, lets everything come to rest, compares."""
    from ops import filled

    stack.start_sim()
    filled._point_here(stack)
    stack.start_api()
    stack.start_office()
    shop = Shop(shops.environment(stack))
    shop.sql("UPDATE wx_app SET order_timeout_minutes = 30")
    rng = random.Random(seed)
    crowd = Crowd(shop, PHONES, orders, rng)
    plan = killers.Plan(stack, orders, rng)
    begun = time.monotonic()
    killing = threading.Thread(target=plan.carry_out, args=(crowd,), daemon=True)
    killing.start()
    crowd.buy(plan)
    killing.join(180)
    selling = time.monotonic() - begun
    if killing.is_alive() or plan.problems:
        raise RuntimeError(f"the victims did not come back: {plan.problems}")
    reckoning.come_to_rest(shop)
    found = reckoning.verdict(shop, crowd)
    return {
        **found,
        "kills": dict(plan.done),
        "seed": seed,
        "seconds_selling": round(selling, 1),
        "seconds_resting": round(time.monotonic() - begun - selling, 1),
    }


def main(orders, seed, dump, sim_state, source):
    begun = time.monotonic()
    sim_db = paths.SIM / DATABASE / "sim.db"
    for log in paths.LOGS.glob("kills-*.log"):
        log.unlink()
    stack = Stack(DATABASE, sim_db=sim_db, log_prefix="kills-", latency=0.02)
    try:
        restore(Path(dump), Path(sim_state), source, stack)
        found = play(int(orders), int(seed), stack)
    finally:
        stack.stop()
        pg.stop()
    found["seconds"] = round(time.monotonic() - begun, 1)
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
