from wire import connected, say

with connected() as peer:
    while True:
        text = input("say: ")
        peer.send(text.encode())
        if text == "exit":
            break
        say(f"the server says [{peer.recv(1024).decode()}]")
