/** Devices that are unplugged, and drivers that do not do what they are asked for. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packagePath, run, runScript } from '../support/processes.js';
import { hasShim } from './shim.js';

const { EIO, ENODEV } = constants.errno;

describe.skipIf(!hasShim)('a serial device', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fdmux-device-'));
    const args = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', join(folder, 'shim.so')];
    const { stderr } = spawnSync('gcc', [...args, join(__dirname, 'device-shim.c'), '-ldl'], { encoding: 'utf8' });
    expect(stderr).toBe('');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a program on a line of a driver that does this. It ends by itself, or the test fails. */
  const runOn = (env: Readonly<Record<string, string>>, source: string) =>
    runScript(`const { Multiplexer, Pty, SerialPort, serve, Termios } = require('fdmux');\n${source}`, {
      env: { LD_PRELOAD: join(folder, 'shim.so'), ...env },
    });

  const UNPLUGGED = `
    const pty = Pty.open();
    const port = SerialPort.open(pty.slavePath, { baudRate: 9600 });
    const unplug = () => setImmediate(() => pty.close());
  `;

  test.each([
    ['ENODEV', ENODEV],
    ['EIO', EIO],
  ])('that is unplugged ends its served stream once, with %s', async (code, errno) => {
    const source = `${UNPLUGGED}
      serve(port, {
        data: () => console.log('data'),
        end: () => console.log('end'),
        close: (_, error) => console.log('close', error.code, error.syscall, port.closed),
      });
      unplug();
    `;
    const { code: exit, stdout, stderr } = await runOn({ FDMUX_DEVICE_GONE: String(errno) }, source);
    expect([stdout, stderr, exit]).toEqual([`close ${code} read true\n`, '', 0]);
  });

  test('that is unplugged fails its Duplex once, while it is read and while it is written to', async () => {
    const source = `${UNPLUGGED}
      const stream = port.toDuplex();
      stream.on('error', (error) => console.log('error', error.code)).on('close', () => console.log('close'));
      stream.on('data', () => console.log('data'));
      for (let i = 0; i < 100; i++) stream.write(Buffer.alloc(65536));
      unplug();
    `;
    const { code, stdout, stderr } = await runOn({ FDMUX_DEVICE_GONE: String(ENODEV) }, source);
    expect([stdout, stderr, code]).toEqual(['error ENODEV\nclose\n', '', 0]);
  });

  test('that is unplugged is reported by every backend as a hangup, and read() throws its errno', async () => {
    const source = `
      for (const backend of Multiplexer.backends()) {
        ${UNPLUGGED}
        const mux = new Multiplexer({ backend });
        mux.register(port, { interest: 'read' });
        pty.close();
        const [registration] = mux.waitSync(1000);
        let thrown;
        try { port.read(1); } catch (error) { thrown = error.code; }
        console.log(registration.isReadable, thrown);
        port.close();
        mux.close();
      }
    `;
    const { stdout, stderr } = await runOn({ FDMUX_DEVICE_GONE: String(EIO) }, source);
    expect([stdout, stderr]).toEqual(['true EIO\n'.repeat(3), '']);
  });

  test('whose driver has no such rate is not opened, and leaves no fd behind', async () => {
    const source = `
      const { readdirSync } = require('node:fs');
      const pty = Pty.open();
      const before = readdirSync('/proc/self/fd').length;
      let message = '';
      try { SerialPort.open(pty.slavePath, { baudRate: 4000000 }); } catch (error) { message = error.message; }
      console.log(message, readdirSync('/proc/self/fd').length - before);
      const port = SerialPort.open(pty.slavePath, { baudRate: 9600 });
      console.log(port.settings.baudRate, Termios.set(port, { baudRate: 921600 }).baudRate);
      port.close();
      pty.close();
    `;
    const { stdout, stderr } = await runOn({ FDMUX_DEVICE_MAX_RATE: '115200' }, source);
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^EINVAL: the driver has 115200 instead of 4000000 bits per second, ioctl 0\n9600 115200\n$/,
    );
  });
});

describe('a TUN device', () => {
  const canMake = spawnSync('unshare', ['-n', 'ip', 'tuntap', 'add', 'tun0', 'mode', 'tun'], { stdio: 'ignore' });

  test.skipIf(canMake.status !== 0)('that is deleted ends its stream and its Duplex, and nothing spins', async () => {
    const source = `
      const { Descriptor, encodeInterfaceRequest, serve, TUN } = require(${JSON.stringify(packagePath('dist/index.js'))});
      const open = (name) => {
        const device = Descriptor.open('/dev/net/tun', 2);
        device.ioctl(TUN.TUNSETIFF, encodeInterfaceRequest(name, { flags: TUN.IFF_TUN | TUN.IFF_NO_PI }));
        return device;
      };
      serve(open('tun0'), { data() {}, close: (_, error) => console.log('served', error.code) });
      const stream = open('tun1').toDuplex().resume();
      stream.on('error', (error) => console.log('duplex', error.code));
      const { execFileSync } = require('node:child_process');
      setImmediate(() => ['tun0', 'tun1'].forEach((name) => execFileSync('ip', ['link', 'del', name])));
    `;
    const { code, stdout, stderr } = await run('unshare', ['-n', process.execPath, '-e', source]);
    expect([stdout.split('\n').toSorted().join(' '), stderr, code]).toEqual([' duplex EBADFD served EBADFD', '', 0]);
  });
});
