"""Entry point of the command line: imports, errors and exit codes."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from hypergan.errors import HyperGANError
from hypergan.machine import wait_politely


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 on success; 1 if `verify` finds a mismatch; 2 after an error, reported in one sentence;
        130 after Ctrl-C; 141 if the reader of the output closed the pipe.
    """
    words = sys.argv[1:] if arguments is None else arguments
    resumes = words[:1] in (["run"], ["try"])

    def command() -> int:
        with _stopping_at_once(resumes):  # the imports take seconds, during which Ctrl-C may arrive
            import_module("hypergan.progress")  # before PyTorch: tqdm's odd variables stop that
            from hypergan import cli

        return cli.obey(arguments)

    return safely(command, resumes)


def safely(command: Callable[[], int], resumes: bool = False) -> int:
    """Run a command, reporting its errors; the exit codes are those of :func:`main`.

    Args:
        command: Runs it, and returns its exit code.
        resumes: Whether it goes on from a checkpoint when it is run again.
    """
    try:
        try:
            wait_politely()
            _never_fail_to_encode()
            return command()
        finally:
            _flush()
    except KeyboardInterrupt:
        return _stopped(resumes)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        return 141
    except HyperGANError as error:
        return _told(f"error: {error}", 2)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        advice = "change its permissions, free some space, or name another file or folder"
        return _told(f"error: {place}{error.strerror or error}; {advice}", 2)
    except Exception as error:
        if _is_out_of_memory(error):
            return _told("error: out of memory; close other programs or ask for less", 2)
        if os.environ.get("HYPERGAN_DEBUG"):
            raise
        advice = "this is a bug in hypergan; HYPERGAN_DEBUG=1 shows the traceback"
        return _told(f"error: {type(error).__name__}: {error}; {advice}", 2)


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, a GPU or PyTorch on a CPU has no memory left."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = ("can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


@contextmanager
def _stopping_at_once(resumes: bool) -> Iterator[None]:
    """Let Ctrl-C end the process on the spot: an exception would abort PyTorch's start."""
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(_stopped(resumes)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _stopped(resumes: bool) -> int:
    how = "; the same command continues from the last checkpoint" if resumes else ""
    return _told(f"stopped{how}", 130)


def _told(sentence: str, code: int) -> int:
    """Print a sentence to the error stream, if there is one, and return the exit code."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(" ".join(sentence.split()), file=sys.stderr, flush=True)
    return code


def _never_fail_to_encode() -> None:
    """Escape characters that a stream cannot encode, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Flush stdout; if it is closed, discard what is left.

    Otherwise the interpreter would flush again at exit, and print an error.
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
