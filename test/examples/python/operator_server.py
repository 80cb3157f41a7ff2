"""A thread for each client. The operator answers each message at the keyboard; a client leaves with "exit"."""
import threading

from wire import listening, say


def serve(peer, address):
    while (text := peer.recv(1024).decode()) != "exit":
        say(f"{address} says [{text}]")
        peer.send(input(f"answer {address}: ").encode())
    say(address, "has left")


server = listening()
while True:
    threading.Thread(target=serve, args=server.accept(), daemon=True).start()
