"""How fast a core makes finished audiobooks."""
