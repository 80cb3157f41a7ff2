/**
 * Many input devices at once. A read of a quiet device waits, and Node.js makes such reads in a pool of four threads:
 * with four quiet devices open, a fifth is not read however much it has to say. Python programmers meet the same with a
 * blocking read in a loop. A multiplexer asks which devices have something and reads those.
 *
 * Devices on the command line (/dev/input/event0 ..., /dev/ttyUSB0) are read until ctrl-C; without any, pipes play
 * them.
 */
import { constants, read } from 'node:fs';
import { Descriptor, Multiplexer, pipe } from 'fdmux';

/** Shows what the pool does: all devices but the last are quiet. */
async function readInThreadPool(): Promise<void> {
  const devices = Array.from({ length: 5 }, () => pipe({ blocking: true }));
  let arrived = 0;
  const reads = devices.map(([reader]) => {
    return new Promise<void>((resolve) => {
      read(reader.fd, Buffer.alloc(16), () => {
        arrived += 1;
        resolve();
      });
    });
  });
  devices.at(-1)?.[1].write('click');
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(`thread pool: the fifth device has clicked, ${arrived} of its events arrived in 200 ms`);
  for (const [, writer] of devices) writer.write('end');
  await Promise.all(reads);
  for (const end of devices.flat()) end.close();
}

function readByMultiplexer(): void {
  const devices = Array.from({ length: 5 }, () => pipe());
  const mux = new Multiplexer<number>();
  devices.forEach(([reader], index) => mux.register(reader, { interest: 'read', data: index + 1 }));
  devices.at(-1)?.[1].write('click');
  for (const { data } of mux.waitSync(200)) {
    console.log(`multiplexer: device ${data} says ${devices[data - 1]?.[0].read(16)?.toString()}`);
  }
  for (const end of devices.flat()) end.close();
  mux.close();
}

function readDevices(paths: readonly string[]): void {
  const mux = new Multiplexer<{ path: string; device: Descriptor }>();
  for (const path of paths) {
    const device = Descriptor.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    mux.register(device, { interest: 'read', data: { path, device } });
  }
  console.log(`reading ${paths.length} devices; end with ctrl-C`);
  while (mux.size > 0) {
    for (const { data } of mux.waitSync()) {
      const bytes = data.device.read(4096);
      if (bytes === null) continue;
      if (bytes.length > 0) console.log(`${data.path}: ${bytes.toString('hex')}`);
      else data.device.close();
    }
  }
}

const paths = process.argv.slice(2);
if (paths.length > 0) readDevices(paths);
else void readInThreadPool().then(readByMultiplexer);
