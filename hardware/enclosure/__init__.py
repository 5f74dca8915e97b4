"""The two pods: thigh (Feather, cell, IMU) and shank (IMU), printed and strapped on.

`sizes` computes every length from parts.toml (standard library only), `solids` makes the bodies of
it (build123d), `mesh` checks what would be printed (trimesh), `pictures` draws it. Nobody has
printed one yet.
"""
