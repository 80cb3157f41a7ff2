"""Three daemon threads that accept on one socket. Each serves its client until it has ended."""
import threading
from time import ctime

from wire import listening, messages, say


def work(server, number):
    while True:
        peer, address = server.accept()
        say("thread", number, "serves", address)
        with peer:
            for piece in messages(peer):
                peer.send(f"[{ctime()}] {piece.decode()}".encode())


server = listening()
threads = [threading.Thread(target=work, args=(server, number), daemon=True) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
