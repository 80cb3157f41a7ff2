import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
client.sendto(sys.argv[2].encode(), ("127.0.0.1", int(sys.argv[1])))
print(client.recvfrom(65535)[0].decode())
