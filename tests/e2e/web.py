"""The back office in a browser: log in, open menus, lists, forms, other views."""

import json
import time

from ops.browser import Browser, BrowserError
from tests.stack import until

#: says in the browser whether the screen is at rest: nothing loads, something is shown
AT_REST = """(() => {
    const loading = document.querySelector(
        '.o_loading_indicator, .o_blockUI, .o_view_sample_data .o_loading');
    const shown = document.querySelector(
        '.o_action_manager .o_view_controller, .o_action_manager .o_action,'
        + ' .o_action_manager > *:not(.o_loading)');
    return !loading && !!shown && document.readyState === 'complete';
})()"""
DIALOG = "document.querySelector('.o_error_dialog, .o_error_detail')?.innerText || ''"
VIEWS = ("list", "kanban", "form", "graph", "pivot", "calendar", "activity", "gantt")
LOAD_MENUS = "fetch('/web/webclient/load_menus').then(r => r.json())"
MENU = "odoo.__WOWL_DEBUG__.root.env.services.menu"


class BackOffice:
    """One person at one browser. ``problems`` collects what went wrong where."""

    def __init__(self, browser: Browser, url: str, login: str):
        self.browser, self.url, self.login = browser, url, login
        self.problems: list[str] = []
        self.visited: list[str] = []

    # the app --------------------------------------------------------------------
    def open_app(self, name: str):
        """Logs in and picks the app in the apps menu, with the mouse."""
        self.browser.login(self.url, self.login, self.login)
        self.browser.wait(".o_navbar_apps_menu button")
        self.browser.run("document.querySelector('.o_navbar_apps_menu button').click()")
        self.browser.wait(".o-dropdown--menu .o_app, .o_app")
        picked = self.browser.run(
            "(() => { const app = [...document.querySelectorAll('.o_app')].find("
            f"a => a.innerText.trim() === {json.dumps(name)});"
            " if (!app) return false; app.click(); return true; })()"
        )
        assert picked, f"{self.login} does not see the app {name}"
        self.rest("the app")
        brand = self.browser.run(
            "document.querySelector('.o_menu_brand')?.innerText.trim() || ''"
        )
        assert brand == name, brand

    def menus(self, root: str) -> list[dict]:
        """Every menu with an action below the app ``root`` (an xmlid)."""
        menus = self.browser.run(
            "fetch('/web/webclient/load_menus').then(r => r.json())"
        )
        by_id = {str(key): menu for key, menu in menus.items()}
        start = next(m for m in by_id.values() if m.get("xmlid") == root)
        found, todo = [], [(start, "")]
        while todo:
            menu, path = todo.pop(0)
            for child_id in menu["children"]:
                child = by_id[str(child_id)]
                title = f"{path}/{child['name']}"
                todo.append((child, title))
                if child.get("actionID"):
                    found.append({"id": child["id"], "title": title})
        return found

    # one screen -----------------------------------------------------------------
    def rest(self, where, seconds=20):
        """Until the screen is at rest; notes error dialogs and console errors."""
        end = time.monotonic() + seconds
        calm = 0
        while time.monotonic() < end and calm < 2:
            try:
                calm = calm + 1 if self.browser.run(AT_REST) else 0
            except BrowserError:
                calm = 0
            if self._dialog(where):
                return
            time.sleep(0.05)
        if calm < 2:
            self.problems.append(f"{self.login}: {where} does not come to rest")
        self._console(where)

    def _dialog(self, where) -> bool:
        text = self.browser.run(DIALOG)
        if not text:
            return False
        self.problems.append(f"{self.login}: {where}: {text[:400]}")
        self.browser.run(
            "document.querySelectorAll('.modal .btn-close, .modal-footer button')"
            ".forEach(b => b.click())"
        )
        time.sleep(0.3)
        return True

    def _console(self, where):
        for error in self.browser.errors:
            self.problems.append(f"{self.login}: {where}: console: {error[:300]}")
        self.browser.errors.clear()

    def visit(self, menu: dict, *, views=True):
        """A menu: its first view, a record's form, and the other views."""
        title = menu["title"]
        self.browser.run(f"{MENU}.selectMenu({menu['id']})")
        self.rest(title)
        if self.wizard():
            self.visited.append(f"{title} (wizard)")
            self.browser.run("document.querySelector('.o_dialog .btn-close')?.click()")
            self.browser.wait(".o_dialog", gone=True)
            return
        self.visited.append(title)
        kind = self.view()
        if kind in ("list", "kanban"):
            self._open_record(title, kind)
        if views:
            for other in self._other_views():
                self._switch(title, other)

    def view(self) -> str:
        """The type of the view that is shown: list, kanban, graph, form …"""
        return self.browser.run(
            "(() => { const view = document.querySelector("
            "'.o_action_manager .o_view_controller');"
            f" return {json.dumps(VIEWS)}.find("
            "v => view?.classList.contains(`o_${v}_view`)) || ''; })()"
        )

    def wizard(self) -> bool:
        """Whether a dialog is open (a menu that opens a wizard)."""
        return self.browser.run("!!document.querySelector('.o_dialog .o_form_view')")

    def _open_record(self, title, kind):
        """Clicks the first record, looks at its form and goes back."""
        css = {
            "list": ".o_list_view .o_data_row .o_data_cell:not(.o_list_button)",
            "kanban": ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)",
        }[kind]
        clicked = self.browser.run(
            f"(() => {{ const row = document.querySelector({json.dumps(css)});"
            " if (!row) return false; row.click(); return true; })()"
        )
        if not clicked or not until(lambda: self.view() not in ("", kind), 2, 0.05):
            return  # nothing there, or a list without forms
        self.rest(f"{title}, first record")
        self.visited.append(f"{title} ({self.view()})")
        if self.view() == "form":
            self._pages(title)
        self.browser.run("history.back()")
        until(lambda: self.view() == kind, 5, 0.1)
        self.rest(f"back to {title}")

    def _pages(self, title):
        """Each page of the form's notebook."""
        count = self.browser.run(
            "document.querySelectorAll('.o_form_view .o_notebook .nav-link').length"
        )
        for number in range(count):
            self.browser.run(
                "document.querySelectorAll('.o_form_view .o_notebook .nav-link')"
                f"[{number}]?.click()"
            )
            self.rest(f"{title}, page {number + 1} of the form", 10)

    def _other_views(self) -> list[str]:
        return self.browser.run(
            "[...document.querySelectorAll('.o_cp_switch_buttons .o_switch_view')]"
            ".filter(b => !b.classList.contains('active'))"
            ".map(b => [...b.classList].find("
            "c => c.startsWith('o_') && c !== 'o_switch_view').slice(2))"
        )

    def _switch(self, title, kind):
        self.browser.run(f"document.querySelector('.o_switch_view.o_{kind}')?.click()")
        until(lambda: self.view() == kind, 5, 0.1)
        self.rest(f"{title} as {kind}")
        if self.view() != kind:
            self.problems.append(f"{self.login}: {title}: no {kind} view")
        self.visited.append(f"{title} ({kind})")
