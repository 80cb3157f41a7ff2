"""One piece, one answer, one client after the other."""
from wire import listening, say

server = listening(128)
while True:
    peer, address = server.accept()
    with peer:
        say(address, peer.recv(1024).decode("gbk"))
        peer.send("server: hello, client!".encode("gbk"))
