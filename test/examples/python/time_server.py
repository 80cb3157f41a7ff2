from time import ctime

from wire import listening, messages, say

server = listening()
while True:
    peer, address = server.accept()
    say("connected from", address)
    with peer:
        for piece in messages(peer):
            peer.send(f"[{ctime()}] {piece.decode()}".encode())
