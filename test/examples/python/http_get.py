"""GET by hand, with calls that wait or, with a third argument, with calls that are tried until they succeed."""
import socket
import sys
import time

port, path = int(sys.argv[1]), sys.argv[2]
peer = socket.socket()
peer.setblocking(len(sys.argv) < 4)


def insist(call, *arguments):
    while True:
        try:
            return call(*arguments)
        except BlockingIOError:
            time.sleep(0.005)


try:
    peer.connect(("127.0.0.1", port))
except BlockingIOError:
    while peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or peer.connect_ex(("127.0.0.1", port)) not in (0, 106):
        time.sleep(0.005)
insist(peer.send, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
response = b""
while piece := insist(peer.recv, 1024):
    response += piece
print(response.decode())
