"""The README and the pages run as they stand, and their tables are the generated ones."""
import re
from pathlib import Path

import matplotlib
import pytest

from basins import End
from schemes.__main__ import main, markdown

ROOT = Path(__file__).parent.parent.parent
matplotlib.use("Agg")


@pytest.mark.parametrize("page", ["README.md", "docs/flows.md", "docs/labels.md"])
def test_the_examples_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S)
    assert blocks
    space = {"__name__": "example"}
    for block in blocks:
        exec(compile(block, page, "exec"), space)
    out = capsys.readouterr().out
    assert "PROVED" in out or page == "docs/labels.md"
    if page == "README.md":
        assert space["best"].success and space["orbit"].success and space["same"].success
        assert "b <= 4*a" in out and (tmp_path / "map.png").exists()


def test_the_table_of_named_optimizers_is_the_generated_one(capsys):
    text = (ROOT / "docs" / "optimizers.md").read_text()
    table = re.search(r"<!-- python -m schemes --markdown -->\n(.*?)<!-- end -->", text, re.S).group(1)
    assert table.strip() == markdown().strip()
    some = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    assert len(some) == 12 and set(some) <= set(markdown().splitlines())  # ten of them, under the head
    assert {line.replace(r"\|", "").count("|") for line in markdown().splitlines()} == {5}
    assert main(["--markdown"]) == 0 and capsys.readouterr().out == markdown()


def test_the_links_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("auto_"):  # pages that the build writes: docs/links.py looks at these
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_list_and_one_optimizer(capsys):
    assert main([]) == 0
    assert "gd-richardson" in capsys.readouterr().out
    assert main(["momentum"]) == 0
    out = capsys.readouterr().out
    assert "Momentum + SequentialEuler, h = sqrt(lr)" in out and "buffer⁺ = buffer*momentum + g" in out
    with pytest.raises(SystemExit):
        main(["momentun"])
    assert "did you mean momentum" in capsys.readouterr().err


def test_the_page_of_labels_has_them_all():
    page = (ROOT / "docs/labels.md").read_text()
    told = [end for end in End if end not in (End.RUNNING, End.TIME_LIMIT)]  # which no study has
    assert re.findall(r"^\| ([^|]*) \| ([^|]*) \|$", page, re.M)[2:] == [(end.label, end.sentence) for end in told]
