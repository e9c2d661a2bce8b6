"""What a program says, for as long as it runs."""
import os
import select


def lines_of(process):
    """The lines of its output until it has ended; what it started may hold the pipe for longer."""
    out, rest = process.stdout.fileno(), b""
    os.set_blocking(out, False)
    end = os.pidfd_open(process.pid)
    try:
        over = False
        while not over:
            over = end in select.select([out, end], [], [])[0]
            try:
                while piece := os.read(out, 65536):
                    rest += piece
                over = True
            except BlockingIOError:
                pass
            *lines, rest = rest.split(b"\n")
            yield from lines
    finally:
        os.close(end)
    if rest:
        yield rest
