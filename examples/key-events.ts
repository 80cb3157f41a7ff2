/**
 * Prints what an input device says, by the names of the kernel: keys, axes, switches (evdev).
 *
 * npm run example key-events /dev/input/event0
 */
import { constants } from 'node:fs';
import { decodeInputEvents, Descriptor, INPUT, type InputEvent, serve, sizedRequest } from 'fdmux';

const [path = '/dev/input/event0'] = process.argv.slice(2);
const MAX_NAME_BYTES = 256;

/** How the names of the codes of a type begin. */
const PREFIXES: ReadonlyMap<number, readonly string[]> = new Map([
  [INPUT.EV_KEY, ['KEY_', 'BTN_']],
  [INPUT.EV_REL, ['REL_']],
  [INPUT.EV_ABS, ['ABS_']],
  [INPUT.EV_MSC, ['MSC_']],
  [INPUT.EV_SW, ['SW_']],
]);

/** The kernel has one name for a code, or several: the first one is as good as the others. */
function nameOf({ type, code }: InputEvent): string {
  const prefixes = PREFIXES.get(type) ?? [];
  const isNamed = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix));
  const [name] = Object.entries(INPUT).find(([each, value]) => value === code && isNamed(each)) ?? [];
  return name ?? `type ${type}, code ${code}`;
}

function deviceName(device: Descriptor): string {
  const name = Buffer.alloc(MAX_NAME_BYTES);
  try {
    device.ioctl(sizedRequest(INPUT.EVIOCGNAME, name.length), name);
    return name.toString('utf8', 0, name.indexOf(0));
  } catch {
    return 'no input device, but read as if it were one';
  }
}

const device = Descriptor.open(path, constants.O_RDWR | constants.O_NONBLOCK);
console.log(`reading ${path}: ${deviceName(device)}`);
serve(device, {
  data: (_, bytes) => {
    for (const event of decodeInputEvents(bytes)) {
      // It only says that what changed together is complete.
      if (event.type !== INPUT.EV_SYN) console.log(`${nameOf(event)} is ${event.value}`);
    }
  },
  close: (_, error) => console.log(error?.message ?? 'the device has gone'),
});
