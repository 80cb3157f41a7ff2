"""What the programs of this folder share: sockets on the loopback interface, and output that is not held back."""
import functools
import socket
import sys

say = functools.partial(print, flush=True)


def listening(backlog=5):
    """A listening socket; prints its port, which is the program's first argument or any free one."""
    server = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), backlog=backlog)
    say("listening on port", server.getsockname()[1])
    return server


def connected():
    """A socket connected to the port that is the program's first argument."""
    return socket.create_connection(("127.0.0.1", int(sys.argv[1])))


def messages(peer, size=1024):
    """What arrives from a peer, piece by piece, until it has ended."""
    while piece := peer.recv(size):
        yield piece


def typed(prompt):
    """The lines that are typed, each after a prompt, until the keyboard ends."""
    while True:
        try:
            yield input(prompt)
        except EOFError:
            return
