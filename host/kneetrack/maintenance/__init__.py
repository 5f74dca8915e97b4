"""What keeps a band and what is stored in order: privacy, doctor, sync."""
