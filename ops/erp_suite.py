"""An existing ERP gets the suite; its native work gives the same records as before."""

import json

from . import db, paths, pg, setup
from .system import own
from .ui import phase, say

SCRIPTS = paths.ROOT / "tests" / "erp"
#: counted over the whole table: what the mall's own set-up adds beside native records
MAY_GROW = (
    "account.journal (all)",
    "account.tax (all)",
    "product.pricelist.item (all)",
    "res.partner (all)",  # the mall's technical partner
)


def _flows(database, fields=None):
    own(paths.REPORTS)
    out = paths.REPORTS / f"{database}.json"
    out.unlink(missing_ok=True)
    db.script(
        database,
        (SCRIPTS / "flows.py").read_text(),
        ERP_OUT=str(out),
        ERP_FIELDS=json.dumps(fields) if fields else "",
    )
    return json.loads(out.read_text())


def _differences(before, after):
    for model, rows in before.items():
        other = after[model]
        if isinstance(rows, int):
            if other != rows and not (model in MAY_GROW and other > rows):
                yield f"{model}: {rows} records before, {other} after"
            continue
        if len(rows) != len(other):
            yield f"{model}: {len(rows)} made before, {len(other)} after"
            continue
        for number, (one, two) in enumerate(zip(rows, other, strict=True)):
            for name, value in one.items():
                if two[name] != value:
                    yield f"{model} #{number} {name}: {value!r} → {two[name]!r}"


def run_erp(modules=db.SUITE):
    core = setup.ensure_core()
    base, suite = "erp_before", "erp_after"
    with phase("erp", "An ERP with two companies and posted entries"):
        pg.clone(core, base)
        db.script(base, (SCRIPTS / "setup_erp.py").read_text())
    pg.clone(base, suite)
    with phase("erp-suite", "The suite arrives"):
        complaints = db.complaints(db.install(suite, modules))
        db.script(suite, (SCRIPTS / "setup_mall.py").read_text())
    with phase("erp-flows", "The same work in both"):
        plain = _flows(base)
        found = list(
            _differences(plain["dump"], _flows(suite, plain["fields"])["dump"])
        )
    made = sum(len(rows) for rows in plain["dump"].values() if isinstance(rows, list))
    say(f"  {made} records compared in {len(plain['fields'])} models")
    for line in [*complaints, *found][:40]:
        say(f"  {line}")
    pg.drop(base)
    pg.drop(suite)
    passed = int(not complaints) + int(not found and made > 50)
    return (passed, 2 - passed, 0)
