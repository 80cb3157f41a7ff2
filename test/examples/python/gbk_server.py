"""A daemon thread for each client, which it answers until it has ended."""
import threading

from wire import listening, messages, say


def converse(peer, address):
    with peer:
        for piece in messages(peer):
            say(address, piece.decode("gbk"))
            peer.send("server: hello, client!".encode("gbk"))
    say(address, "has left")


server = listening(128)
while True:
    threading.Thread(target=converse, args=server.accept(), daemon=True).start()
