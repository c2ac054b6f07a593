"""Odoo 19 from Debian's package, unpacked privately, never installed.

Design, "The platform under it": apt checks the signatures with a private list
directory; beside Odoo lie the JavaScript and font packages its files link to.
"""

import os
import re
import shutil
from pathlib import Path

from . import paths
from .system import apt_install, run
from .ui import Stop, say

EXPECTED = "19.0."
SUITE = "sid"
PACKAGE = "odoo-19"
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
#: Debian strips this file while the web client's bundle still lists it.
STRIPPED = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
HINT = (
    "Set ODOO_HOME to the folder that holds an Odoo 19 'odoo' package, or"
    " WX_DEBIAN_MIRROR to a Debian mirror that carries odoo-19 19.0."
)


def mirror() -> str:
    """The mirror from the machine's own apt configuration, or WX_DEBIAN_MIRROR."""
    given = os.environ.get("WX_DEBIAN_MIRROR")
    if given:
        return given
    if not shutil.which("apt-get"):
        raise Stop(
            f"Odoo comes as a Debian package and this machine has no apt. {HINT}"
        )
    listed = run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN) $(REPO_URI)",
            "Created-By: Packages",
        ],
        check=False,
    ).stdout
    for line in listed.splitlines():
        origin, _, uri = line.partition(" ")
        if origin == "Debian" and "security" not in uri:
            return uri
    raise Stop(f"No Debian mirror in this machine's apt configuration. {HINT}")


def _apt(work: Path) -> dict[str, str]:
    """A private apt configuration; returns the environment that selects it."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    keyring = next((k for k in KEYRINGS if Path(k).exists()), None)
    if keyring is None:
        apt_install(
            "debian-archive-keyring", why="The Odoo package is signed by Debian"
        )
        keyring = next(k for k in KEYRINGS if Path(k).exists())
    (work / "sid.list").write_text(
        f"deb [signed-by={keyring}] {mirror()} {SUITE} main\n"
    )
    (work / "apt.conf").write_text(
        f'Dir::Etc::SourceList "{work}/sid.list";\n'
        'Dir::Etc::SourceParts "-";\n'
        f'Dir::State::Lists "{work}/lists";\n'
        f'Dir::Cache "{work}/cache";\n'
        'Acquire::Languages "none";\n'
        'Acquire::Retries "3";\n'
        'APT::Sandbox::User "root";\n'
    )
    return {**os.environ, "APT_CONFIG": str(work / "apt.conf"), "LC_ALL": "C"}


def _companions(depends: str) -> list[str]:
    """The packages in ``Depends`` that Odoo's files link into."""
    names = (re.split(r"[ :|(]", part.strip())[0] for part in depends.split(","))
    return [name for name in names if re.match(r"fonts-|gsfonts|libjs-", name)]


def ensure() -> None:
    """Downloads and unpacks once; an interrupted download starts again cleanly."""
    if os.environ.get("ODOO_HOME"):
        if not (paths.odoo_home() / "odoo" / "release.py").exists():
            raise Stop(
                f"ODOO_HOME={paths.odoo_home()} holds no odoo/release.py. {HINT}"
            )
        return
    stamp = paths.STAMPS / "odoo"
    if stamp.exists():
        return
    work = paths.DOWNLOADS / "apt"
    env = _apt(work)
    try:
        run(["apt-get", "update", "-qq"], env=env)
        shown = run(["apt-cache", "show", PACKAGE], env=env).stdout
    except Stop as exc:
        raise Stop(f"{exc}\nDebian's {SUITE} has no package {PACKAGE}. {HINT}") from exc
    fields = dict(re.findall(r"^(\w[\w-]*): (.*)$", shown, re.MULTILINE))
    version = fields.get("Version", "")
    if not version.startswith(EXPECTED):
        raise Stop(
            f"{SUITE} has moved on: {PACKAGE} is {version}, not {EXPECTED}x. {HINT}"
        )
    packages = [PACKAGE, *_companions(fields.get("Depends", ""))]
    say(f"  Odoo {version} and {len(packages) - 1} packages its files link to")
    debs = work / "debs"
    debs.mkdir(exist_ok=True)
    run(["apt-get", "download", *packages], env=env, cwd=debs)
    shutil.rmtree(paths.DIST, ignore_errors=True)
    paths.DIST.mkdir(parents=True)
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "-x", deb, paths.DIST])
    missing = paths.odoo_home() / STRIPPED
    if not missing.exists():
        missing.parent.mkdir(parents=True, exist_ok=True)
        missing.write_text("")
    shutil.rmtree(debs)
    stamp.write_text(version)
