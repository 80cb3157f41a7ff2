/**
 * Step 5: the chat, edge-triggered. Each wait reports what is new, once: so whatever is reported is read and written
 * until the kernel says "would block". No registration ever changes. docs/learn/5-level-edge-one-shot.md
 */
import { Multiplexer, type Registration, type Socket } from 'fdmux';
import { LineSplitter } from '../support/line-splitter.js';
import { openListener } from '../support/listener.js';
import { print } from '../support/print.js';

/** A member that is further behind than this is closed: its lines would fill the memory instead. */
const MAX_PENDING_BYTES = 1024 * 1024;

const mux = new Multiplexer({ backend: 'epoll' });
const members = new Set<Member>();
const listener = openListener(Number(process.argv[2] ?? 7100));
let joined = 0;

class Member {
  readonly number = (joined += 1);
  readonly #splitter = new LineSplitter();
  readonly #socket: Socket;
  readonly #registration: Registration<unknown, 'epoll'>;
  readonly #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#registration = mux.register(socket, {
      interest: 'read-write',
      trigger: 'edge',
      onReady: (ready) => this.#serve(ready),
    });
  }

  send(text: string): void {
    const bytes = Buffer.from(text);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pending.length === 1) this.#flush();
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.leave('was too slow');
  }

  leave(reason: string): void {
    if (!members.delete(this)) return;
    this.#registration.unregister();
    this.#socket.close();
    tell(this, `${this.number} ${reason}`);
  }

  #serve({ isReadable, isWritable }: Registration): void {
    try {
      if (isWritable) this.#flush();
      if (!isReadable) return;
      // A peer that sends as fast as we read would keep us here. `drain` stops at its budget, and comes back to this
      // member after the others had their turn.
      const outcome = this.#registration.drain(() => {
        const bytes = this.#socket.recv(4096);
        for (const line of bytes === null ? [] : this.#splitter.split(bytes)) tell(this, `${this.number}: ${line}`);
        return bytes;
      });
      if (outcome === 'ended') this.leave('has left');
    } catch (error) {
      this.leave(`is gone: ${String(error)}`);
    }
  }

  /** Sends until the kernel takes no more. The edge that follows reports when there is room. */
  #flush(): void {
    try {
      for (let bytes = this.#pending[0]; bytes !== undefined; bytes = this.#pending[0]) {
        const sent = this.#socket.send(bytes);
        if (sent === null) return;
        this.#pendingBytes -= sent;
        if (sent < bytes.length) this.#pending[0] = bytes.subarray(sent);
        else this.#pending.shift();
      }
    } catch {
      this.#pending.length = 0; // It has vanished; its socket is readable and says so.
    }
  }
}

function tell(from: Member, text: string): void {
  print(text);
  for (const member of [...members]) if (member !== from) member.send(`${text}\n`);
}

mux.register(listener, {
  interest: 'read',
  trigger: 'edge',
  onReady: () => {
    // Three pending connections are one edge.
    for (let client = listener.accept(); client !== null; client = listener.accept()) {
      const member = new Member(client.socket);
      members.add(member);
      tell(member, `${member.number} has joined`);
    }
  },
});
mux.runSync(() => undefined);
