"""Make what hardware/ shows: tables, harness drawings, carrier board, enclosures.

    python hardware/build.py                all of it, into hardware/out/
    python hardware/build.py harness        one product
    python hardware/build.py figures        print the tables of README.md and BRINGUP.md
    python hardware/build.py figures --write   put them there

A product is a module with `build(out)`, which returns the files that it made. Its tools are those
of the extra `hardware` and, by apt, graphviz (harness) and kicad (carrier).
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"

PRODUCTS = {
    "harness": "harness.draw",
    "carrier": "carrier.make",
    "enclosure": "enclosure.make",
}
"""By name: the module that makes it."""


class MissingTool(Exception):
    """A program or package that a product needs is not installed; the text says how to get it."""


def make(product: str, out: Path = OUT) -> list[Path]:
    """Make one product. Raises MissingTool."""
    try:
        module = importlib.import_module(PRODUCTS[product])
        missing = getattr(module, "missing_tool", lambda: None)()
        if missing:
            raise MissingTool(missing)
        out.mkdir(exist_ok=True)
        return module.build(out)
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"the Python package {error.name} is missing: pip install -e '.[hardware]'"
        ) from error


def main(arguments: list[str] | None = None) -> int:
    sys.path.insert(0, str(HERE))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("product", nargs="*", help=f"figures, {', '.join(PRODUCTS)}; none: all")
    parser.add_argument("--write", action="store_true", help="with figures: into the pages")
    given = parser.parse_args(arguments)
    unknown = set(given.product) - {"figures", *PRODUCTS}
    if unknown:
        parser.error(f"no product {', '.join(sorted(unknown))}")

    from kneehard import tables

    if given.product == ["figures"] and not given.write:
        print(tables.everything())
        return 0
    for product in given.product or ["figures", *PRODUCTS]:
        begun = time.monotonic()
        try:
            files = tables.write() if product == "figures" else make(product)
        except MissingTool as error:
            print(f"{product}: {error}", file=sys.stderr)
            return 1
        print(f"{product}: {len(files)} files in {time.monotonic() - begun:.1f} s")
        for path in files:
            print(f"  {path.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
