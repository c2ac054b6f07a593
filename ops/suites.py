"""The suites of ``./test``. Each returns (passed, failed, skipped)."""

import os
import shutil
import subprocess
from xml.etree import ElementTree

from . import db, paths, pg, setup
from .odoo_tests import pytest_command
from .system import apt_install, as_account, own, run, service_env
from .ui import say


def _counts(report) -> tuple[int, int, int]:
    """Reads pytest's junit report; a missing one is a failure, not silence."""
    if not report.exists():
        return (0, 1, 0)
    total = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        total += int(suite.get("tests"))
        failed += int(suite.get("failures")) + int(suite.get("errors"))
        skipped += int(suite.get("skipped"))
    return (total - failed - skipped, failed, skipped)


def _report(name):
    own(paths.REPORTS)
    report = paths.REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    return report


def _pytest(name, command, env) -> tuple[int, int, int]:
    report = _report(name)
    command = [*map(str, command), f"--junitxml={report}"]
    code = subprocess.run(command, env=env, cwd=paths.ROOT, check=False).returncode
    passed, failed, skipped = _counts(report)
    if code not in (0, 5) and not failed:
        failed = 1
    return passed, failed, skipped


def _add(*counts):
    return tuple(sum(part) for part in zip(*counts, strict=True))


def plain_pytest(folder, rest, env=None):
    """pytest without Odoo on a folder of ``tests/``."""
    ini = paths.ROOT / "tests" / "unit" / "pytest.ini"
    cache = paths.LOCAL / "pytest_cache"
    own(cache)
    command = [*as_account(), paths.PYTHON, "-m", "pytest", "-c", ini]
    command += [f"--rootdir={paths.ROOT}", "-o", f"cache_dir={cache}"]
    command += [paths.ROOT / "tests" / folder, *rest]
    return _pytest(folder, command, {**service_env(), **(env or {})})


def _linter(title, command) -> tuple[int, int, int]:
    done = run(command, check=False, cwd=paths.ROOT, env=service_env())
    if done.returncode:
        say(f"{title} complains:\n{done.stdout}")
        return (0, 1, 0)
    return (1, 0, 0)


def lint(rest, *, full=False):
    """ruff and pylint-odoo with OCA's settings for 19.0."""
    setup.ensure()
    results = [
        _linter("ruff", [paths.PYTHON, "-m", "ruff", "check", "--no-cache", "."]),
        _linter(
            "ruff format",
            [paths.PYTHON, "-m", "ruff", "format", "--check", "--no-cache", "."],
        ),
    ]
    for addon in sorted(paths.ADDONS.glob("wx_*")):
        command = [paths.PYTHON, "-m", "pylint", f"--rcfile={paths.ROOT / '.pylintrc'}"]
        results.append(_linter(f"pylint-odoo {addon.name}", [*command, addon]))
    results.append(_sizes())
    return _add(*results)


def _sizes() -> tuple[int, int, int]:
    """No file over 600 lines, no method over 60 (house rule)."""
    import ast

    bad = []
    folders = [
        paths.ADDONS,
        paths.ROOT / "wxsim",
        paths.ROOT / "ops",
        paths.ROOT / "tests",
    ]
    for path in sorted(p for folder in folders for p in folder.rglob("*.py")):
        text = path.read_text()
        if text.count("\n") > 600:
            bad.append(f"{path.relative_to(paths.ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > 60:
                    bad.append(
                        f"{path.relative_to(paths.ROOT)}:{node.lineno} {node.name}:"
                        f" {length} lines"
                    )
    for line in bad:
        say(f"too long: {line}")
    return (0, 1, 0) if bad else (1, 0, 0)


def unit(rest, *, full=False):
    """The pure packages and the simulator, without Odoo."""
    setup.ensure()
    return plain_pytest("unit", rest)


def browser() -> None:
    """Chromium and a Chinese font, for tours and pictures."""
    if not shutil.which("chromium") and not shutil.which("chromium-browser"):
        apt_install("chromium", why="Browser tours need Chromium")
    if not list(_fonts()):
        apt_install("fonts-noto-cjk", why="Screens need a Chinese font")


def _fonts():
    from pathlib import Path

    for pattern in ("*CJK*", "wqy*", "*Han*"):
        yield from Path("/usr/share/fonts").rglob(pattern)


def addons(rest, *, full=False):
    """Each addon's own tests, inside Odoo, through pytest-odoo."""
    setup.ensure()
    browser()
    setup.ensure_core()
    template = db.ensure_suite("suite", db.SUITE)
    wanted = [arg for arg in rest if (paths.ADDONS / arg).is_dir()]
    rest = [arg for arg in rest if arg not in wanted]
    results = []
    for name in wanted or db.SUITE:
        database = f"test_{name}"
        pg.clone(template, database)
        command, env = pytest_command(database, [paths.ADDONS / name, *rest])
        results.append(_pytest(f"addons-{name}", command, env))
        pg.drop(database)
    return _add(*results)


def install(rest, *, full=False):
    """Install alone, upgrade and uninstall each module: no WARNING, no ERROR."""
    setup.ensure()
    from . import install_suite

    return install_suite.run(full=full)


def erp(rest, *, full=False):
    """An existing ERP with two companies: nothing native changes; mall orders that the
    supplier sends, with the ERP's own drop shipping installed (tests/erp)."""
    setup.ensure()
    from . import erp_suite

    return _add(erp_suite.run_erp(), _dropship(rest))


def _dropship(rest):
    """Tests inside Odoo on the suite with a module that it does not depend on."""
    database = "test_dropship"
    pg.clone(db.ensure_suite("suite", db.SUITE), database)
    db.install(database, ["stock_dropshipping"])
    tests = paths.ROOT / "tests" / "erp" / "test_dropship.py"
    command, env = pytest_command(database, [tests, *rest])
    result = _pytest("erp-dropship", command, env)
    pg.drop(database)
    return result


def _with_stack(folder, rest, *, full, latency=0.15):
    """Runs a pytest folder against a fresh demo shop on real processes."""
    from . import filled, shop
    from .services import Stack

    setup.ensure()
    database = f"test_{folder}"
    sim_db = paths.SIM / database / "sim.db"
    shutil.rmtree(sim_db.parent, ignore_errors=True)
    own(sim_db.parent)
    for log in paths.LOGS.glob(f"{folder}-*.log"):
        log.unlink()
    with Stack(
        database, sim_db=sim_db, log_prefix=f"{folder}-", latency=latency
    ) as stack:
        filled.start(stack)
        stack.start_api()
        stack.start_office()
        env = {**shop.environment(stack), "WX_FULL": "1" if full else ""}
        return plain_pytest(folder, rest, env)


def concurrency(rest, *, full=False):
    """Real connections, many at once, on one running shop."""
    return _with_stack("concurrency", rest, full=full, latency=0.02)


def faults(rest, *, full=False):
    """The platform misbehaves; nothing is lost, nothing is paid twice."""
    return _with_stack("faults", rest, full=full, latency=0.02)


def e2e(rest, *, full=False):
    """The demo day as ``./run --once`` plays it, the API from outside, and the web
    client in a browser. ``WX_SKIP_ONCE=1`` leaves the demo day out."""
    from . import run_cli

    setup.ensure()
    browser()
    if os.environ.get("WX_SKIP_ONCE"):
        return _with_stack("e2e", rest, full=full)
    os.environ["WX_KEEP_PG"] = "1"
    passed = (1, 0, 0) if run_cli.main(["--once"]) == 0 else (0, 1, 0)
    os.environ.pop("WX_KEEP_PG")
    return _add(passed, _with_stack("e2e", rest, full=full))
