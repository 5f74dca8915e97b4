"""What is frozen into a firmware image of our own (MicroPython's manifest files).

make BOARD=ESP32_GENERIC_S3 FROZEN_MANIFEST=/path/to/firmware/manifest.py

For the knee wing (variant B) have `band_board` be "b".
"""

options.defaults(band_board="a")  # noqa: F821  (given by MicroPython's build)

include("$(PORT_DIR)/boards/manifest.py")  # noqa: F821  (given by MicroPython's build)
package("kneecore", base_path=".", opt=2)  # noqa: F821
package("kneeband", base_path=".", opt=2)  # noqa: F821
module("board.py", base_path="boards/" + options.band_board)  # noqa: F821
module("main.py", base_path=".")  # noqa: F821
module("slots.py", base_path=".")  # noqa: F821
