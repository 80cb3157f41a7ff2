/**
 * Step 3: the same chat in one thread. One wait watches the listener and all members, and says who is ready; a call
 * that follows finds something and does not wait. `npm run example learn/3-one-wait 7100 select`, or poll, or epoll.
 * docs/learn/3-one-wait-for-many.md
 */
import type { Socket } from 'fdmux';
import { Multiplexer, type Registration } from 'fdmux';
import { LineSplitter } from '../support/line-splitter.js';
import { openListener } from '../support/listener.js';
import { print } from '../support/print.js';

interface Member {
  readonly number: number;
  readonly socket: Socket;
  readonly splitter: LineSplitter;
}

const backend = Multiplexer.backends().find((name) => name === (process.argv[3] ?? 'epoll'));
const mux = new Multiplexer(backend === undefined ? {} : { backend });
const members = new Set<Member>();
const listener = openListener(Number(process.argv[2] ?? 7100));
let joined = 0;

function tell(from: Member, text: string): void {
  print(text);
  for (const member of members) {
    try {
      // What does not fit into the send buffer is lost to this member. Step 4 keeps it.
      if (member !== from) member.socket.send(`${text}\n`);
    } catch (error) {
      print(String(error)); // It has vanished; its socket is readable and says so.
    }
  }
}

function hear(member: Member, registration: Registration): void {
  try {
    // One piece, and back to the wait. Level-triggered, it reports this member again if there is more.
    const bytes = member.socket.recv(4096);
    if (bytes === null) return;
    if (bytes.length > 0) {
      for (const line of member.splitter.split(bytes)) tell(member, `${member.number}: ${line}`);
      return;
    }
  } catch (error) {
    print(String(error)); // It has vanished, or its line is too long.
  }
  registration.unregister();
  member.socket.close();
  members.delete(member);
  tell(member, `${member.number} has left`);
}

mux.register(listener, {
  interest: 'read',
  onReady: () => {
    const client = listener.accept();
    if (client === null) return;
    const member: Member = { number: (joined += 1), socket: client.socket, splitter: new LineSplitter() };
    members.add(member);
    mux.register(client.socket, { interest: 'read', onReady: (ready) => hear(member, ready) });
    tell(member, `${member.number} has joined`);
  },
});
print(`waiting with ${mux.backend}`);
mux.runSync(() => undefined);
