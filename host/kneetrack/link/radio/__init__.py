"""Bluetooth in software: an air, the radio of a simulated board, and a bleak backend, on bumble."""
