"""`python -m kneetrack.cli` is `kneetrack`."""

from kneetrack.cli import main

main()
