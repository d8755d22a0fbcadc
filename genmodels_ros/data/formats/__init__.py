"""One file a format: how it is recognised and read, and how it is written. data/images.py chooses among them."""
