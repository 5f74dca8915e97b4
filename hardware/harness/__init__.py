"""What is plugged into what: drawings made from the variants, by WireViz."""
