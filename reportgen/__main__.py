"""The installed command and `python -m reportgen`: Ctrl-C ends it without a word, even while it loads."""

import os

_INTERRUPTED = 130


def main() -> None:
    """Load the command line and run one command."""
    try:
        from reportgen.cli import main as run

        run()
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
