"""Runs whatever it is sent: what remote-command-server does not do."""
import subprocess

from wire import listening, messages, say

server = listening(1)
while True:
    peer, address = server.accept()
    say("connected from", address)
    with peer:
        for piece in messages(peer):
            _status, output = subprocess.getstatusoutput(piece.decode())
            peer.sendall(output.encode() if output.strip() else b"Done.")
