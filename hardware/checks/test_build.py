"""A tool that is not installed is told in a sentence, with how to get it."""

import sys

import pytest

import build


@pytest.mark.parametrize(
    ("product", "package"),
    [("harness", "wireviz"), ("carrier", "skidl"), ("enclosure", "build123d")],
)
def test_a_package_that_is_missing(product, package, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, build.PRODUCTS[product], raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    assert build.main([product]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{product}: ") and said.count("\n") == 1
    assert "pip install" in said or "apt install" in said


def test_graphviz_that_is_missing(monkeypatch):
    draw = pytest.importorskip("harness.draw", reason="wireviz is not installed: make hardware")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(build.MissingTool, match="apt install graphviz"):
        build.make("harness")
    assert draw.missing_tool()
