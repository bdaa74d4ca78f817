"""The pages that stand before the dashboard."""

import re
from html import escape
from importlib.resources import files
from string import Template

from starlette.responses import HTMLResponse, Response

_CODE = re.compile(r"`([^`]+)`")


class Pages:
    """The pages of a server behind one prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = escape(prefix)
        folder = files("hubbub.server") / "static"
        self._templates = {
            name: Template((folder / f"{name}.html").read_text(encoding="utf-8"))
            for name in ("login", "logout", "refused")
        }
        self._frame = Template((folder / "door.html").read_text(encoding="utf-8"))
        self._style = (folder / "login.css").read_bytes()

    def login(self, form: str, following: str, complaint: str = "", status: int = 200) -> Response:
        """The form that asks for the password, with why the last one was not taken."""
        told = attributes = ""
        if complaint:
            told = f'<p id="complaint" class="complaint" role="alert">{escape(complaint)}</p>'
            attributes = ' aria-invalid="true" aria-describedby="complaint"'
        return self._page(
            "login",
            status,
            "Log in",
            form=escape(form),
            next=escape(following),
            complaint=told,
            attributes=attributes,
        )

    def logout(self, form: str) -> Response:
        """The button that ends a session."""
        return self._page("logout", 200, "Log out", form=escape(form))

    def refused(self, status: int, title: str, reason: str, fix: str) -> Response:
        """Why nothing is shown, and what can be done about it; `code` stands in backticks."""
        return self._page("refused", status, title, reason=_marked(reason), fix=_marked(fix))

    def style(self) -> Response:
        """What the pages look like."""
        return Response(self._style, headers={"cache-control": "no-cache"}, media_type="text/css")

    def _page(self, name: str, status: int, title: str, **told: str) -> Response:
        content = self._templates[name].substitute(told, prefix=self._prefix)
        page = self._frame.substitute(title=escape(title), content=content, prefix=self._prefix)
        # under no-referrer, browsers hide even from us whose page has sent a form
        return HTMLResponse(page, status, {"referrer-policy": "same-origin"})


def _marked(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
