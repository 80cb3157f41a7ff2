from wire import listening, say

server = listening()
while True:
    peer, address = server.accept()
    with peer:
        say(address, "sent", peer.recv(1024))
        peer.sendall(b"server receive your messages, good bye.")
