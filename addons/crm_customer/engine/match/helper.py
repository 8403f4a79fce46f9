"""Parses names in a second interpreter, while the first one parses everything else.

A process of its own start to end, not a fork: a server's worker has threads, connections and locks
that a copy must not inherit. Run as a script it reads one pickle (parser, plain texts) from its
standard input and writes one with the answer of :func:`.bulk.parse`.

>>> parsing = parse_elsewhere("party", ["王志强", "acme ltd"])
>>> values, codes = parsing()[0]
>>> values, codes.tolist()
(['王志强', 'acme'], [0, 1])
"""

import pickle
import subprocess
import sys
import threading
from pathlib import Path

#: With fewer texts the start of the interpreter takes longer than the work.
WORTH = 40_000
#: With more, the texts and answers of two interpreters take more memory than the time is worth.
MOST = 300_000


def parse_elsewhere(parser, texts):
    """Start parsing; returns a function that waits for :func:`.bulk.parse`'s answer.

    Where no interpreter can be started, or it fails, the work is done here instead.
    """
    answer = []

    def ask():
        request = pickle.dumps((parser, texts), pickle.HIGHEST_PROTOCOL)
        try:
            answer.append(
                subprocess.run(
                    [sys.executable, __file__], input=request, capture_output=True, check=True
                ).stdout
            )
        except (OSError, subprocess.SubprocessError):
            answer.append(b"")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()

    def wait():
        thread.join()
        try:
            return pickle.loads(answer[0])
        except (EOFError, pickle.UnpicklingError):  # nothing, or half an answer
            from .bulk import parse

            return parse(parser, texts)

    return wait


def _serve():
    """Answer one request; of the engine only what parses is loaded."""
    from types import ModuleType

    package = ModuleType("match")
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules["match"] = package
    from match.bulk import parse

    answer = parse(*pickle.load(sys.stdin.buffer))
    pickle.dump(answer, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    sys.path.pop(0)  # our own folder: its modules must not stand for others
    _serve()
