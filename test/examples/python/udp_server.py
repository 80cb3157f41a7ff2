import socket

from wire import say

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
say("listening on port", server.getsockname()[1])
while True:
    data, address = server.recvfrom(65535)
    say(address, "sent", data)
    server.sendto(data, address)
