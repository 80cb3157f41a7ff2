/**
 * Talks to a modem on a serial line, and prints what it answers, line by line. A pseudo-terminal is a serial line, too:
 * without a path the program makes one, and plays the modem itself.
 *
 * npm run example serial-line /dev/ttyUSB0 115200
 */
import { Pty, SerialPort, serve, Termios } from 'fdmux';

const [path, baudRate = '115200'] = process.argv.slice(2);

/** A modem that says OK to everything. Returns the path of its line. */
function playModem(): string {
  const { master, slavePath } = Pty.open();
  Termios.raw(master);
  serve(master, { data: (modem, bytes) => modem.write(`you said ${bytes.toString().trim()}\r\nOK\r\n`) });
  return slavePath;
}

const port = SerialPort.open(path ?? playModem(), { baudRate: Number(baudRate), exclusive: false });
console.log(`at ${port.settings.baudRate} baud`);
let text = '';
serve(port, {
  data: (line, bytes) => {
    text += bytes.toString();
    const lines = text.split('\r\n');
    text = lines.pop() ?? '';
    for (const each of lines) console.log(each);
    if (lines.includes('OK')) line.destroy();
  },
  close: (_, error) => process.exit(error === undefined ? 0 : 1),
}).write('ATI\r');
