"""Run a file of plain tests under MicroPython, which has neither pytest nor unittest.

    MICROPYPATH=firmware:.frozen micropython tools/upytest.py tests/pure/test_quaternion.py

Every function named test_... is called without arguments, in the order of its name. Failures are
printed with their tracebacks, and the exit code is 1 if there was any, or if there was no test.
"""

import sys


def load(path: str) -> dict:
    """The globals of the file, run as a module."""
    with open(path) as file:
        source = file.read()
    names = {"__name__": path.rsplit("/", 1)[-1].rsplit(".", 1)[0], "__file__": path}
    exec(compile(source, path, "exec"), names)
    return names


def run(path: str) -> bool:
    """Run the tests of one file; True where there were some and all passed."""
    names = load(path)
    tests = sorted([name for name in names if name.startswith("test_")])
    failed = 0
    for name in tests:
        try:
            names[name]()
        except Exception as error:
            failed += 1
            print("FAILED", path, name)
            sys.print_exception(error)
    print(f"{path}: {len(tests) - failed} passed, {failed} failed")
    return bool(tests) and not failed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("usage: micropython tools/upytest.py FILE...")
        sys.exit(2)
    passed = [run(path) for path in sys.argv[1:]]
    sys.exit(0 if all(passed) else 1)
