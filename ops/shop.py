"""The demo shop on a running stack: connected to the simulator, filled, played."""

import json
import secrets
import string
import subprocess

from . import db, paths, pg, setup
from .sim import Sim
from .system import as_account, service_env
from .ui import Stop, phase, say

APPID = "wx5a3e0d9f7b2c4816"
MCHID = "1900012345"
MODULES = (*db.SUITE, "wx_demo")
LOGINS = (
    ("admin", "admin", "店长 (everything)"),
    ("operator", "operator", "店员 (orders, listings)"),
    ("finance", "finance", "会计 (payments, bills, breaks)"),
    ("service", "service", "客服 (orders, shoppers)"),
)
#: warnings that the demo day provokes on purpose: forged letters, late payments, an
#: administrator who starts a scheduled action that runs at this moment, refusals
EXPECTED = (
    " refused: signature",
    " refused: serial_unknown",
    " refused: stale",
    "not accepted: fact.amount_mismatch",
    "goes back: fact.late_payment",
    "Cannot grab a lock on records",
    "already executing",
    "已经正在执行",
    # staff who try what they may not
    "您最多可减免订单金额的",
    "已查看 陶艺体验课电子券 的卡密",
    "没有验货合格的商品",
    "此金额的退款须由另一人审批",
    "已有包裹按原地址发出或已打印面单",
)
#: figures of the demo day that must be 0
ZERO = (
    "unexplained",
    "ledger_difference_fen",
    "false_alarms",
    "refund_difference_fen",
    "restock_difference",
    "stock_difference",
    "holds_leaked",
    "codes_wrong",
)
#: minutes that a shopper has to pay; the demo day waits for the first to run out
TIMEOUT_MINUTES = 2


def fresh(database: str) -> None:
    """A database with the suite and the demo module, cached by their sources."""
    setup.ensure_core()
    pg.clone(db.ensure_suite("shop", MODULES), database)


def ensure(stack) -> None:
    """Fills the shop once: credentials from the simulator, then ``wx.demo._setup``."""
    if pg.sql(stack.database, "SELECT count(*) FROM wx_app").strip() != "0":
        return
    with phase("shop", "Filling the shop: products, pictures, stock, prices"):
        facts = connect(stack)
        # the facts hold secrets: they travel on standard input, never as arguments
        db.script(
            stack.database,
            f"env['wx.demo']._setup({facts!r})\nenv.cr.commit()\n",
        )


def connect(stack) -> dict:
    """Makes the app and the merchant at the simulator; what ``wx.demo`` needs."""
    sim = Sim(stack.sim_url)
    letters = string.ascii_letters + string.digits
    app = sim.ctl(
        "POST",
        "/_ctl/apps",
        {
            "appid": APPID,
            "name": "山野集",
            "push_url": f"{stack.api_url}/wx/push/{APPID}",
            "push_token": secrets.token_hex(12),
            "push_aes_key": "".join(secrets.choice(letters) for _ in range(43)),
            "push_mode": "safe",
            "push_format": "json",
        },
    )
    merchant = sim.ctl(
        "POST",
        "/_ctl/merchants",
        {
            "mchid": MCHID,
            "name": "山野集（杭州）文化创意有限公司",
            "appids": [APPID],
            "fee_rate": "0.60%",
            "trust_mode": "public_key",
        },
    )
    return {
        "sim_url": stack.sim_url,
        "api_url": stack.api_url,
        "app": app,
        "merchant": merchant,
        "timeout_minutes": TIMEOUT_MINUTES,
    }


def environment(stack) -> dict[str, str]:
    """Where the processes of a stack are, for tests that drive them from outside."""
    return {
        "WX_API_URL": stack.api_url,
        "WX_OFFICE_URL": stack.office_url,
        "WX_SIM_URL": stack.sim_url,
        "WX_SIM_DB": str(stack.sim_db or paths.SIM / f"{stack.database}.db"),
        "WX_DB": stack.database,
        "WX_APPID": APPID,
        "WX_MCHID": MCHID,
        "WX_PG_DSN": pg.dsn(stack.database),
    }


def play_day(stack, *, shoppers=220) -> dict:
    """Plays the demo day in a child process; the result it prints last."""
    env = {**service_env(), **environment(stack)}
    command = [str(paths.PYTHON), "-m", "ops.demoday", "--shoppers", str(shoppers)]
    process = subprocess.Popen(
        [*as_account(), *command],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd=paths.ROOT,
    )
    lines = process.stdout.read().splitlines()
    if process.wait() or not lines:
        raise Stop("The demo day did not end; the reason stands above.")
    return json.loads(lines[-1])


def verdict(result: dict) -> bool:
    """Whether the day came out as it must; says what did not."""
    wrong = []
    for name in ZERO:
        if result.get(name) != 0:
            wrong.append(f"{name} is {result.get(name)}, must be 0")
    if (
        result["breaks_found"] != result["breaks_planted"]
        or not result["breaks_planted"]
    ):
        wrong.append(
            f"{result['breaks_found']} of {result['breaks_planted']} planted breaks"
            " were found"
        )
    if result["orders"] < 200:
        wrong.append(f"only {result['orders']} orders")
    if result["scenes_done"] != result["scenes"] or not result["scenes"]:
        wrong.append(f"{result['scenes_done']} of {result['scenes']} scenes went well")
    wrong += result.get("problems", [])
    for line in wrong:
        say(f"✗ {line}")
    return not wrong
