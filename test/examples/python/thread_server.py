"""A daemon thread for each connection."""
import threading
from time import ctime

from wire import listening, messages, say


def serve(peer, address):
    with peer:
        for piece in messages(peer):
            peer.send(f"[{ctime()}] {piece.decode()} {address}".encode())


server = listening()
while True:
    threading.Thread(target=serve, args=server.accept(), daemon=True).start()
    say("next")
