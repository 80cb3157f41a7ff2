"""Sends each argument as a message of its own, and prints each answer."""
import sys

from wire import connected, say

with connected() as peer:
    for text in sys.argv[2:]:
        peer.send(text.encode("gbk"))
        say(peer.recv(1024).decode("gbk"))
