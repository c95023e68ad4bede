"""Every internal link of built pages leads to a file and an anchor that are there: `python docs/links.py FOLDER`."""
from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, and what it links to."""

    def __init__(self, path: Path):
        super().__init__()
        self.anchors, self.targets = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        self.targets += [found[key] for key in ("href", "src") if found.get(key)]


def broken(folder: Path) -> list[str]:
    """A line per internal link that leads nowhere, and per script, style or picture that is fetched from elsewhere."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    lines = [] if pages else [f"{folder} has no pages"]
    for path, page in pages.items():
        for target in dict.fromkeys(page.targets):
            url = urlsplit(target)
            if url.scheme or url.netloc:
                continue
            to = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not to.exists():
                lines.append(f"{path.name}: {target} does not exist")
            elif url.fragment and to in pages and unquote(url.fragment) not in pages[to].anchors:
                lines.append(f"{path.name}: {target} has no such anchor")
    return lines


if __name__ == "__main__":
    found = broken(Path(sys.argv[1]))
    print("\n".join(found) or f"every internal link of {sys.argv[1]} leads somewhere")
    sys.exit(bool(found))
