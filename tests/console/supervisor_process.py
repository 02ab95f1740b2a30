"""A supervisor in a process of its own: `python -m tests.console.supervisor_process FOLDER PATIENCE PROGRAMS`.

PROGRAMS is JSON, `[[name, code, essential], …]`; each first writes its number at the end of `FOLDER/name`.
"""

import json
import os
import sys

from portail.console.processes import Program, run_together

NOTE = "import os; file = open({path!r}, 'a'); file.write(str(os.getpid()) + chr(10)); file.close()\n"


def main(folder: str, patience: float, programs: list[tuple[str, str, bool]]) -> int:
    return run_together(
        [
            Program(name, [sys.executable, "-c", NOTE.format(path=f"{folder}/{name}") + code], dict(os.environ), main)
            for name, code, main in programs
        ],
        lambda line: print(line, flush=True),  # noqa: T201
        patience=patience,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])))
