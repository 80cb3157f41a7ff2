"""Python's selectors: an echo server. Prints `port N`."""

import selectors
import socket

selector = selectors.DefaultSelector()
listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
listener.setblocking(False)


def accept():
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, connection)


def echo(connection):
    try:
        data = connection.recv(65536)
        if data:
            connection.send(data)
    except BlockingIOError:
        return
    except ConnectionError:
        data = b""
    if not data:
        selector.unregister(connection)
        connection.close()


selector.register(listener, selectors.EVENT_READ, None)
print("port", listener.getsockname()[1], flush=True)
while True:
    for key, _ in selector.select():
        if key.data is None:
            accept()
        else:
            echo(key.data)
