/** Shows, step by step, what each trigger reports about a socket that is read in part. */
import { Multiplexer, type Registration, Socket, type Trigger } from 'fdmux';

function show(trigger: Trigger): void {
  const [reader, writer] = Socket.pair();
  const mux = new Multiplexer({ backend: 'epoll' });
  const registration: Registration = mux.register(reader, { interest: 'read', trigger });
  const step = (what: string, act: () => unknown = () => undefined): void => {
    act();
    console.log(`${what.padEnd(34)} ${mux.waitSync(0).length > 0 ? 'readable' : '-'}`);
  };

  console.log(`\n${trigger}`);
  step('nothing has arrived');
  step('10 bytes arrive', () => writer.send('0123456789'));
  step('nothing is read');
  step('4 of the 10 bytes are read', () => reader.recv(4));
  step('2 more bytes arrive', () => writer.send('ab'));
  step('rearmed, 8 bytes are left', () => registration.rearm());
  step('all is read', () => reader.recv(100));
  step('rearmed, nothing is left', () => registration.rearm());
  step('the writer closes', () => writer.close());
  step('nothing is done about it');

  reader.close();
  mux.close();
}

console.log('Each line: what happens, and whether a wait then reports the reader.');
for (const trigger of ['level', 'edge', 'oneshot', 'edge-oneshot'] as const) show(trigger);
