"""The command line, from the start of its imports to its exit code."""

import os
import sys
from contextlib import suppress

from hypergan.errors import HyperGANError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0; 1 if `verify` finds a mismatch; 2 after an error, which is told in one sentence; 130
        after Ctrl-C; 141 if nobody reads on.
    """
    try:
        try:
            from hypergan import cli  # takes seconds, in which Ctrl-C may come

            _never_fail_to_encode()
            return cli.obey(arguments)
        finally:
            _flush()
    except KeyboardInterrupt:
        return _told("stopped; the same command goes on from the last checkpoint", 130)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        return 141
    except HyperGANError as error:
        return _told(f"error: {error}", 2)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        advice = "change its permissions, free some space, or name another file or folder"
        return _told(f"error: {place}{error.strerror or error}; {advice}", 2)
    except MemoryError:
        return _told("error: there is not enough memory; end other programs or ask for less", 2)
    except Exception as error:
        if os.environ.get("HYPERGAN_DEBUG"):
            raise
        advice = "this is a fault of the program; HYPERGAN_DEBUG=1 shows where it lies"
        return _told(f"error: {type(error).__name__}: {error}; {advice}", 2)


def _told(sentence: str, code: int) -> int:
    """The exit code, after a line on the error stream, as far as there is one."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(" ".join(sentence.split()), file=sys.stderr, flush=True)
    return code


def _never_fail_to_encode() -> None:
    """Show what a stream's encoding lacks by its number."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Write what was printed; of a stream that takes no more, forget the rest.

    Otherwise the interpreter would try again at its end, and complain.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


if __name__ == "__main__":
    sys.exit(main())
