"""The same as operator_client, on a socket that never waits: each call is tried until it succeeds."""
import socket
import sys
import time

from wire import say


def insist(call, *arguments):
    while True:
        try:
            return call(*arguments)
        except BlockingIOError:
            time.sleep(0.005)


peer = socket.socket()
peer.setblocking(False)
try:
    peer.connect(("127.0.0.1", int(sys.argv[1])))
except BlockingIOError:
    say("in progress")
while True:
    text = input("say: ")
    insist(peer.send, text.encode())
    if text == "exit":
        break
    say(f"the server says [{insist(peer.recv, 1024).decode()}]")
peer.close()
