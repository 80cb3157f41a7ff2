/**
 * Reports when tasks have had to wait for the processor for 50 ms within a second: a trigger of pressure stall
 * information (PSI), which is a file that reports priority data. A cgroup has the same files.
 *
 * npm run example pressure /sys/fs/cgroup/system.slice/cpu.pressure
 */
import { constants } from 'node:fs';
import { Descriptor, Multiplexer } from 'fdmux';

const path = process.argv[2] ?? '/proc/pressure/cpu';
const STALL_US = 50_000;
const WINDOW_US = 2_000_000;

const pressure = Descriptor.open(path, constants.O_RDWR | constants.O_NONBLOCK);
pressure.write(`some ${STALL_US} ${WINDOW_US}\0`);
console.log(`watching ${path}`);

const mux = new Multiplexer<undefined>();
mux.register(pressure, {
  interest: 'priority',
  onReady: () => console.log(pressure.pread(4096, 0)?.toString().split('\n')[0]),
});
void mux.run(() => undefined);
