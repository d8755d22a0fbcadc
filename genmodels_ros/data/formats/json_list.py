"""A JSON list on disk that grows item by item, so that a dataset's annotations need not fit into memory."""

import json
from pathlib import Path
from typing import TextIO


class JsonList:
    """Items go to a file of their own, a line each, until `pour` moves them into the final document."""

    def __init__(self, path: Path):
        self._path, self.count = path, 0
        self._file = path.open("w")

    def append(self, item) -> None:
        self._file.write((",\n" if self.count else "") + json.dumps(item))
        self.count += 1

    def pour(self, document: TextIO) -> None:
        """Writes the list into `document` and removes its own file."""
        self._file.close()
        document.write("[")
        with self._path.open() as file:
            while block := file.read(1 << 20):
                document.write(block)
        document.write("]")
        self._path.unlink()
