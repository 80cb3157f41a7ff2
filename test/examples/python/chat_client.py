"""A thread that prints what the room says, while the other sends what is typed. "exit" leaves."""
import socket
import threading

from wire import connected, messages, say, typed

peer = connected()


def listen():
    for piece in messages(peer):
        say(piece.decode())


listener = threading.Thread(target=listen)
listener.start()
for line in typed(""):
    if line.strip().lower() == "exit":
        break
    peer.sendall(line.strip().encode())
peer.shutdown(socket.SHUT_RDWR)
listener.join()
peer.close()
say("left")
