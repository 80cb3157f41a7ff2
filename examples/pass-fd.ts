/**
 * Hands an open fd from one process to another: SCM_RIGHTS, unix(7). The child gets one end of a socket pair as its fd
 * 3, and through that a file in memory that has no path, which it reads.
 */
import { spawn } from 'node:child_process';
import { Descriptor, Socket } from 'fdmux';

function receive(): void {
  const socket = Socket.fromFd(3);
  socket.setBlocking(true);
  const message = socket.recvMsg(100);
  for (const part of message?.control ?? []) {
    if (part.kind !== 'rights') continue;
    for (const fd of part.fds) {
      const file = Descriptor.fromFd(fd);
      console.log(`the child got fd ${fd} with "${message?.data.toString()}": ${file.pread(100, 0)?.toString()}`);
      file.close();
    }
  }
  socket.close();
}

function send(): void {
  const [mine, theirs] = Socket.pair({ type: 'dgram' });
  const file = Descriptor.memfd('secret');
  file.write('what no path leads to');
  const child = spawn(process.execPath, [__filename, 'child'], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd] });
  theirs.close();
  mine.sendMsg('a file', { control: [{ kind: 'rights', fds: [file] }] });
  file.close();
  child.on('close', (code) => {
    mine.close();
    console.log(`the child ended with code ${code}`);
  });
}

if (process.argv[2] === 'child') receive();
else send();
