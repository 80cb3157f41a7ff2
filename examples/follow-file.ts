/**
 * `tail -F`: prints what is appended to a file, and goes on with the new file when a log is rotated. The folder is
 * watched, not the file, since the file's name may mean another file at any time.
 *
 * npm run example follow-file /var/log/app.log
 */
import { basename, dirname } from 'node:path';
import { Descriptor, IN_CLOSE_WRITE, IN_CREATE, IN_MODIFY, IN_MOVED_TO, Inotify, Multiplexer } from 'fdmux';

const path = process.argv[2] ?? '/tmp/fdmux.log';
const CHUNK_BYTES = 64 * 1024;

let file: Descriptor | null = null;
let position = 0;

/** Opens what has the name now; `null` if nothing has. */
function open(): Descriptor | null {
  try {
    return Descriptor.open(path);
  } catch {
    return null;
  }
}

function printRest(): void {
  if (file === null) return;
  // A file that was cut short begins again.
  if (file.lseek(0, 'end') < position) position = 0;
  for (;;) {
    const bytes = file.pread(CHUNK_BYTES, position);
    if (bytes === null || bytes.byteLength === 0) return;
    position += bytes.byteLength;
    process.stdout.write(bytes);
  }
}

function replace(): void {
  printRest();
  file?.close();
  file = open();
  position = 0;
  printRest();
}

const inotify = new Inotify();
inotify.add(dirname(path), IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO);
file = open();
position = file?.lseek(0, 'end') ?? 0;
console.log(`watching ${path}`);

const mux = new Multiplexer<undefined>();
mux.register(inotify, {
  interest: 'read',
  onReady: () => {
    for (const { name, mask } of inotify.read() ?? []) {
      if (name !== basename(path)) continue;
      if ((mask & (IN_CREATE | IN_MOVED_TO)) !== 0) replace();
      else printRest();
    }
  },
});
void mux.run(() => undefined);
