/** The settings of terminals and serial lines, read back from pseudo-terminals. */
import {
  Descriptor,
  drainOutput,
  flushQueues,
  getModemLines,
  getWindowSize,
  pipe,
  Pty,
  sendBreak,
  SerialPort,
  setExclusive,
  setModemLines,
  setWindowSize,
  Termios,
  TTY,
} from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf } from '../native/fds.js';
import { nextEvent } from '../support/deadline.js';
import { callUntyped } from '../support/untyped.js';

function testPty(): Pty {
  const pty = Pty.open();
  onTestFinished(() => pty.close());
  return pty;
}

function testSlave(pty: Pty): Descriptor {
  // O_RDWR | O_NOCTTY | O_NONBLOCK
  const slave = Descriptor.open(pty.slavePath, 0o4402);
  onTestFinished(() => slave.close());
  return slave;
}

describe('Termios', () => {
  test('changes what it is given and leaves the rest', () => {
    const slave = testSlave(testPty());
    const before = Termios.get(slave);
    expect(before).toMatchObject({ canonical: true, echo: true, signals: true, baudRate: 38_400, dataBits: 8 });
    const after = Termios.set(slave, { echo: false, xon: false, threshold: { minBytes: 3, tenths: 7 } });
    expect(after).toEqual({ ...before, echo: false, xon: false, threshold: { minBytes: 3, tenths: 7 } });
    expect(Termios.get(slave)).toEqual(after);
  });

  test.each([50, 9600, 74_880, 250_000, 1_000_000, 4_000_000])('takes any rate: %i', (baudRate) => {
    const slave = testSlave(testPty());
    expect(Termios.set(slave, { baudRate })).toMatchObject({ baudRate, inputBaudRate: baudRate });
    expect(Termios.get(slave.fd).baudRate).toBe(baudRate);
  });

  test('takes a rate of its own for each direction, and flow control', () => {
    const slave = testSlave(testPty());
    const changes = { baudRate: 9600, inputBaudRate: 1200, stopBits: 2, rtscts: true, xoff: true } as const;
    expect(Termios.set(slave, changes, 'drain')).toMatchObject(changes);
  });

  test('passes bytes as they are in the raw mode, and puts back what it was', () => {
    const pty = testPty();
    const slave = testSlave(pty);
    const saved = Termios.save(slave);
    const before = Termios.get(slave);
    Termios.raw(slave);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    slave.write(bytes);
    pty.master.write(bytes);
    expect(pty.master.read(1000)?.equals(bytes)).toBe(true);
    expect(slave.read(1000)?.equals(bytes)).toBe(true);
    saved.restore(slave, 'flush');
    expect(Termios.get(slave)).toEqual(before);
  });

  test('passes single bytes without echo in the cbreak mode, in which signals and newlines stay', () => {
    const pty = testPty();
    const slave = testSlave(pty);
    expect(Termios.cbreak(slave)).toMatchObject({ canonical: false, echo: false, signals: true, crToNewline: true });
    pty.master.write('a\r');
    expect(slave.read(10)?.toString()).toBe('a\n');
    expect(pty.master.read(10)).toBeNull();
  });

  test('refuses what is no terminal, and what is no setting', () => {
    const [reader, writer] = pipe();
    expect(errorOf(() => Termios.get(reader))).toMatchObject({ code: 'ENOTTY', syscall: 'ioctl' });
    expect(errorOf(() => Termios.raw(writer))).toMatchObject({ code: 'ENOTTY' });
    const slave = testSlave(testPty());
    for (const changes of [{ dataBits: 9 }, { stopBits: 3 }, { parity: 'x' }, { baudRate: -1 }]) {
      expect(errorOf(() => callUntyped(Termios, 'set', slave, changes))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    expect(errorOf(() => callUntyped(Termios, 'set', slave, { echo: 1 }))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect(errorOf(() => callUntyped(Termios, 'set', slave, { baud: 1 }))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    });
    expect(errorOf(() => callUntyped(Termios, 'set', slave, {}, 'later'))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    reader.close();
    writer.close();
  });
});

describe('the controls of a terminal', () => {
  test('set the size of the window', () => {
    const pty = testPty();
    setWindowSize(testSlave(pty), { columns: 7, rows: 9, widthPixels: 11, heightPixels: 13 });
    expect(getWindowSize(pty.master)).toEqual({ columns: 7, rows: 9, widthPixels: 11, heightPixels: 13 });
    expect(errorOf(() => setWindowSize(pty.master, { columns: 65_536, rows: 1 }))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });

  test('drop what is queued', () => {
    const pty = testPty();
    const slave = testSlave(pty);
    Termios.raw(slave);
    pty.master.write('never read');
    flushQueues(slave, 'input');
    expect(slave.read(100)).toBeNull();
    expect(errorOf(() => callUntyped({ flushQueues }, 'flushQueues', slave, 'all'))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });

  test('wait until everything is sent, and send a break', async () => {
    const pty = testPty();
    const slave = testSlave(pty);
    slave.write('x');
    await drainOutput(slave);
    expect(pty.master.read(10)?.toString()).toBe('x');
    await sendBreak(slave, 1);
    await expect(sendBreak(slave, 0)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('have no modem lines on a pseudo-terminal', () => {
    const slave = testSlave(testPty());
    expect(errorOf(() => getModemLines(slave))).toMatchObject({ code: 'ENOTTY' });
    expect(errorOf(() => setModemLines(slave, { dtr: true, rts: false }))).toMatchObject({ code: 'ENOTTY' });
    expect(errorOf(() => callUntyped({ setModemLines }, 'setModemLines', slave, { cts: true }))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    });
  });

  test('keep others out', () => {
    const slave = testSlave(testPty());
    const isExclusive = (): number => {
      const state = new Int32Array(1);
      slave.ioctl(TTY.TIOCGEXCL, state);
      return state[0] ?? -1;
    };
    setExclusive(slave);
    expect(isExclusive()).toBe(1);
    setExclusive(slave, false);
    expect(isExclusive()).toBe(0);
  });
});

describe('SerialPort', () => {
  test('passes bytes as they are, at the rate asked for', async () => {
    const pty = testPty();
    const port = SerialPort.open(pty.slavePath, { baudRate: 74_880, rtscts: true, stopBits: 2 });
    expect(port.settings).toMatchObject({ baudRate: 74_880, canonical: false, echo: false, rtscts: true, stopBits: 2 });
    port.write('\r\n\x03');
    expect(pty.master.read(10)?.toString()).toBe('\r\n\x03');
    pty.master.write('\x00\xff');
    expect(port.read(10)?.toString()).toBe('\x00\xff');
    await port.drain();
    port.close();
  });

  test('has a stream that ends when the line is gone', async () => {
    const pty = Pty.open();
    const port = SerialPort.open(pty.slavePath, { baudRate: 9600 });
    const stream = port.toDuplex();
    stream.resume();
    const closed = nextEvent(stream, 'close');
    pty.close();
    await closed;
    expect(port.closed).toBe(true);
  });

  test('refuses what is no serial line, and leaves no fd behind', () => {
    expect(errorOf(() => SerialPort.open('/dev/null', { baudRate: 9600 }))).toMatchObject({ code: 'ENOTTY' });
    expect(errorOf(() => SerialPort.open('/nonexistent', { baudRate: 9600 }))).toMatchObject({ code: 'ENOENT' });
    for (const options of [{}, { baudRate: 0 }, { baudRate: 1.5 }, { baudRate: 9600, dataBits: 4 }]) {
      const error = errorOf(() => callUntyped(SerialPort, 'open', '/dev/null', options));
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    }
  });
});
