import { describe, expect, test } from 'vitest';
import { crc32c } from '../../src/front/crc32c.js';
import { ProxyLine, type ProxyVerdict } from '../../src/front/proxy-line.js';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

interface BinaryHeader {
  readonly command?: number;
  readonly family?: number;
  readonly addresses?: Buffer;
  readonly additions?: readonly Buffer[];
}

const INET = Buffer.from('c6336407c00002010bb81a0b', 'hex');
const INET6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('0bb81a0b', 'hex'),
]);

function binary({ command = 0x21, family = 0x11, addresses = INET, additions = [] }: BinaryHeader): Buffer {
  const body = Buffer.concat([addresses, ...additions]);
  const fixed = Buffer.from([command, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, fixed, body]);
}

function addition(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
}

/** The header with its checksum as the last addition. */
function summed(header: BinaryHeader): Buffer {
  const whole = binary({ ...header, additions: [...(header.additions ?? []), addition(0x03, Buffer.alloc(4))] });
  whole.writeUInt32BE(crc32c(whole), whole.length - 4);
  return whole;
}

const read = (bytes: Uint8Array): ProxyVerdict | null => new ProxyLine().receive(bytes);
const readText = (text: string): ProxyVerdict | null => read(Buffer.from(text, 'latin1'));

function complete(header: Uint8Array, peer: { host: string; port: number } | null, isSecure = false): ProxyVerdict {
  return { kind: 'complete', peer, isSecure, takenBytes: header.length };
}

const valid: readonly (readonly [string, Buffer, { host: string; port: number } | null])[] = [
  ['TCP4', Buffer.from('PROXY TCP4 198.51.100.7 192.0.2.1 3000 6667\r\n'), { host: '198.51.100.7', port: 3000 }],
  ['TCP6', Buffer.from('PROXY TCP6 2001:db8::7 ::1 65535 0\r\n'), { host: '2001:db8::7', port: 65_535 }],
  ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['UNKNOWN with words', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), null],
  ['binary IPv4', binary({}), { host: '198.51.100.7', port: 3000 }],
  ['binary IPv6', binary({ family: 0x21, addresses: INET6 }), { host: '2001:db8:0:0:0:0:0:7', port: 3000 }],
  ['binary unix', binary({ family: 0x31, addresses: Buffer.alloc(216, 1) }), null],
  ['binary unspecified', binary({ family: 0, addresses: Buffer.alloc(0) }), null],
  ['binary datagrams', binary({ family: 0x12 }), null],
  ['binary LOCAL', binary({ command: 0x20, family: 0xff, addresses: Buffer.from('rubbish') }), null],
  [
    'binary with additions',
    binary({ additions: [addition(0x01, Buffer.from('h2')), addition(0xee, Buffer.alloc(300))] }),
    {
      host: '198.51.100.7',
      port: 3000,
    },
  ],
  [
    'binary with its checksum',
    summed({ additions: [addition(0x04, Buffer.alloc(9))] }),
    { host: '198.51.100.7', port: 3000 },
  ],
];

describe('a header that is right', () => {
  test.each(valid)('%s names the peer', (_, header, peer) => {
    expect(read(header)).toEqual(complete(header, peer));
  });

  test.each(valid)('%s reads the same in two parts, wherever it is split', (_, header, peer) => {
    for (let at = 1; at < header.length; at += 1) {
      const line = new ProxyLine();
      expect(line.receive(header.subarray(0, at))).toBeNull();
      expect(line.receive(header.subarray(at))).toEqual({ ...complete(header, peer), takenBytes: header.length - at });
    }
  });

  test.each(valid)('%s reads the same byte by byte', (_, header, peer) => {
    const line = new ProxyLine();
    for (const byte of header.subarray(0, -1)) expect(line.receive(Uint8Array.of(byte))).toBeNull();
    expect(line.receive(header.subarray(-1))).toEqual({ ...complete(header, peer), takenBytes: 1 });
  });

  test.each(valid)('%s ends where the bytes of the peer begin', (_, header, peer) => {
    expect(read(Buffer.concat([header, Buffer.from('PROXY NICK ann\r\n')]))).toEqual(complete(header, peer));
  });

  test('an addition says whether the peer reached the proxy over TLS', () => {
    const peer = { host: '198.51.100.7', port: 3000 };
    const overTls = binary({ additions: [addition(0x20, Buffer.from('0100000000', 'hex'))] });
    expect(read(overTls)).toEqual(complete(overTls, peer, true));
    const inClear = binary({ additions: [addition(0x20, Buffer.from('0000000000', 'hex'))] });
    expect(read(inClear)).toEqual(complete(inClear, peer, false));
    const empty = binary({ additions: [addition(0x20, Buffer.alloc(0))] });
    expect(read(empty)).toEqual(complete(empty, peer, false));
  });

  test('the checksum is that of RFC 9260', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe306_9283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a91_36aa);
  });
});

describe('a header that is wrong', () => {
  test.each([
    ['NICK ann\r\n', 'there is no PROXY header'],
    ['PROXI TCP4 ', 'there is no PROXY header'],
    ['\r\n\r\n\0\r\nQUIX', 'there is no PROXY header'],
    ['PROXY tcp4 198.51.100.7 192.0.2.1 3000 6667\r\n', 'the family is neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY \r\n', 'the family is neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY TCP4 198.51.100.7\r\n', 'an address is not one of its family'],
    ['PROXY TCP4 2001:db8::7 ::1 3000 6667\r\n', 'an address is not one of its family'],
    ['PROXY TCP6 198.51.100.7 192.0.2.1 3000 6667\r\n', 'an address is not one of its family'],
    ['PROXY TCP6 fe80::1%lo ::1 3000 6667\r\n', 'an address is not one of its family'],
    ['PROXY TCP4 198.51.100.07 192.0.2.1 3000 6667\r\n', 'an address is not one of its family'],
    ['PROXY TCP4 198.51.100.7  192.0.2.1 3000 6667\r\n', 'an address is not one of its family'],
    ['PROXY TCP4 198.51.100.7 192.0.2.1 3000\r\n', 'the ports are not two numbers'],
    ['PROXY TCP4 198.51.100.7 192.0.2.1 03000 6667\r\n', 'the ports are not two numbers'],
    ['PROXY TCP4 198.51.100.7 192.0.2.1 65536 6667\r\n', 'the ports are not two numbers'],
    ['PROXY TCP4 198.51.100.7 192.0.2.1 3000 6667 \r\n', 'the ports are not two numbers'],
    ['PROXY TCP4 198.51.100.7 192.0.2.1 -1 6667\r\n', 'the ports are not two numbers'],
  ])('%j is refused', (text, why) => {
    expect(readText(text)).toEqual({ kind: 'invalid', why });
  });

  test('a line that has not ended after 107 bytes is refused there', () => {
    const line = new ProxyLine();
    expect(line.receive(Buffer.from(`PROXY UNKNOWN ${'x'.repeat(92)}`))).toBeNull();
    expect(line.receive(Buffer.from('x'))).toEqual({ kind: 'invalid', why: 'the line is longer than 107 bytes' });
    expect(readText(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`)).toMatchObject({ kind: 'invalid' });
  });

  test('a line feed alone does not end a line', () => {
    expect(readText('PROXY UNKNOWN\n')).toBeNull();
  });

  test.each([
    [{ command: 0x11 }, 'the version is not 2'],
    [{ command: 0x22 }, 'the command is neither LOCAL nor PROXY'],
    [{ family: 0x41 }, 'the family is unknown'],
    [{ family: 0x13 }, 'the family is unknown'],
    [{ addresses: INET.subarray(0, 11) }, 'the addresses are cut off'],
    [{ family: 0x21 }, 'the addresses are cut off'],
    [{ additions: [Buffer.from([4, 0])] }, 'an addition is cut off'],
    [{ additions: [Buffer.from([4, 0, 2, 0])] }, 'an addition is cut off'],
    [{ additions: [addition(0x03, Buffer.alloc(4))] }, 'the checksum is wrong'],
    [{ additions: [addition(0x03, Buffer.alloc(3))] }, 'the checksum is wrong'],
  ])('a binary header with %j is refused', (header, why) => {
    expect(read(binary(header))).toEqual({ kind: 'invalid', why });
  });

  test('a byte that changes on the way is noticed by the checksum', () => {
    const header = summed({});
    for (let at = 16; at < 28; at += 1) {
      const changed = Buffer.from(header);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      expect(read(changed)).toEqual({ kind: 'invalid', why: 'the checksum is wrong' });
    }
  });

  test('a binary header that announces more than 4,096 bytes is refused before they arrive', () => {
    const fixed = Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0x10, 0x01])]);
    expect(read(fixed)).toEqual({ kind: 'invalid', why: '4097 bytes are more than the 4096 allowed' });
    const most = binary({ additions: [addition(0x04, Buffer.alloc(4096 - 12 - 3))] });
    expect(read(most)).toEqual(complete(most, { host: '198.51.100.7', port: 3000 }));
  });
});
