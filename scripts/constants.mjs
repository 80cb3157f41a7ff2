/**
 * Writes src/socket/kernel-constants.ts from this system's headers: `node scripts/constants.mjs`. A name that the
 * headers declare, as a macro or in an enum, is kept if its value is an integer.
 *
 * usage: node scripts/constants.mjs [--check]
 *   --check  writes nothing, and fails if a constant of that file has another value in the headers
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/paths.mjs';

const OUTPUT = join(root, 'src/socket/kernel-constants.ts');
const INCLUDE = '/usr/include';

/** Each group with its man page or the kernel's page, its headers, and how its names begin. */
const GROUPS = [
  {
    name: 'TTY',
    says: 'Requests and bits of terminals and serial lines: ioctl_tty(2), termios(3).',
    headers: [
      'asm-generic/ioctls.h',
      'asm-generic/termbits.h',
      'asm-generic/termbits-common.h',
      'asm-generic/termios.h',
    ],
    names: /./,
    isAlone: true,
  },
  {
    name: 'TUN',
    says: 'TUN and TAP devices: networking/tuntap.rst.',
    headers: ['linux/if_tun.h'],
    names: /^(TUN|IFF_)/,
  },
  {
    name: 'CAN',
    says: 'Controller area networks: networking/can.rst.',
    headers: ['linux/can.h', 'linux/can/raw.h', 'linux/can/bcm.h', 'linux/can/error.h'],
    names: /^(CAN|SOL_CAN|BCM_|TX_|RX_|SETTIMER|STARTTIMER)/,
  },
  {
    name: 'NETLINK',
    says: 'Netlink and its routing family: netlink(7), rtnetlink(7).',
    headers: ['linux/netlink.h', 'linux/rtnetlink.h', 'linux/if_link.h', 'linux/if_addr.h', 'linux/neighbour.h'],
    names: /^(NETLINK_|NLM_F_|NLMSG_[A-Z]+$|NLA_|RTM_|RTMGRP_|RTNLGRP_|RTN_|RT_|RTA_|RTPROT_|IFLA_|IFA_|NDA_|NUD_)/,
  },
  {
    name: 'PACKET',
    says: 'Packet sockets: packet(7).',
    headers: ['linux/if_packet.h', 'linux/if_ether.h'],
    names: /^(PACKET_|TP_|TPACKET_|ETH_)/,
  },
  {
    name: 'GPIO',
    says: 'Lines of general purpose: userspace-api/gpio/chardev.rst.',
    headers: ['linux/gpio.h'],
    names: /^(GPIO)/,
  },
  {
    name: 'I2C',
    says: 'The I2C bus: i2c/dev-interface.rst.',
    headers: ['linux/i2c.h', 'linux/i2c-dev.h'],
    names: /^(I2C_)/,
  },
  {
    name: 'SPI',
    says: 'The SPI bus: spi/spidev.rst.',
    headers: ['linux/spi/spi.h', 'linux/spi/spidev.h'],
    names: /^(SPI_)/,
  },
  {
    name: 'INPUT',
    says: 'Keyboards, mice and other input devices: input/event-codes.rst.',
    headers: ['linux/input.h', 'linux/input-event-codes.h'],
    names: /^(EV_|SYN_|REL_|ABS_|MSC_|LED_|SW_|EVIOC|INPUT_PROP_|BUS_|ID_)/,
  },
  {
    name: 'TIMESTAMPING',
    says: 'Times of packets, and reports of sends: networking/timestamping.rst, networking/msg_zerocopy.rst.',
    headers: ['linux/net_tstamp.h', 'linux/errqueue.h', 'asm-generic/socket.h'],
    names: /^(SOF_|HWTSTAMP_|SO_EE_|SCM_TSTAMP_|SO_TIMESTAMP|SO_ZEROCOPY|SO_TXTIME)/,
  },
  {
    name: 'SOCKET',
    says: 'Families, levels and flags: socket(2), setsockopt(2), send(2).',
    headers: ['bits/socket.h', 'asm-generic/socket.h', 'linux/udp.h', 'linux/in6.h'],
    names: /^(AF_|SOL_|SO_|SCM_|MSG_|UDP_|IPV6_)/,
  },
];

const PREAMBLE = ['sys/socket.h', 'sys/ioctl.h', 'linux/types.h', 'stddef.h', 'time.h'];
/** The kernel's own terminal structs exclude the C library's, so that group goes without it. */
const includes = ({ headers, isAlone = false }) =>
  [...(isAlone ? [] : PREAMBLE), ...headers].map((header) => `#include <${header}>\n`).join('');

function candidates({ headers, names }) {
  const found = new Set();
  for (const header of headers) {
    for (const [word] of headerText(header).matchAll(/\b[A-Z][A-Z0-9_]*\b/g)) if (names.test(word)) found.add(word);
  }
  return [...found].sort();
}

function headerText(header) {
  for (const folder of [INCLUDE, ...multiarch()]) {
    try {
      return readFileSync(join(folder, header), 'latin1');
    } catch {
      // It may be in the next folder.
    }
  }
  return '';
}

function multiarch() {
  const { stdout } = spawnSync('cc', ['-print-multiarch'], { encoding: 'utf8' });
  return stdout?.trim() ? [join(INCLUDE, stdout.trim())] : [];
}

/** The values of those names that are integers, by a program that prints them. */
function evaluate(group, names) {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-constants-'));
  try {
    const known = new Set(names);
    for (;;) {
      const listed = [...known];
      const refused = printValues(folder, group, listed);
      if (refused.length === 0) return parse(execFileSync(join(folder, 'print'), { encoding: 'utf8' }));
      for (const name of refused) known.delete(name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles the program. @returns the names that the compiler refuses */
function printValues(folder, group, names) {
  const source = join(folder, 'print.c');
  // Text and structs cannot be multiplied.
  const macro = '#define SHOW(NAME) printf("%s %lld\\n", #NAME, (long long)(1 * (NAME)));';
  const head = `${includes(group)}#include <stdio.h>\n${macro}\nint main(void) {\n`;
  writeFileSync(source, `${head}${names.map((name) => `SHOW(${name})`).join('\n')}\n}\n`);
  const { status, stderr } = spawnSync('cc', ['-w', '-fmax-errors=0', '-o', join(folder, 'print'), source], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status === 0) return [];
  const firstLine = head.split('\n').length;
  const lines = [...stderr.matchAll(/print\.c:(\d+):/g)].map(([, line]) => names[Number(line) - firstLine]);
  const refused = lines.filter((name) => name !== undefined);
  if (refused.length === 0) throw new Error(stderr.slice(0, 2000));
  return refused;
}

function parse(text) {
  const pairs = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  return pairs.map(([name, value]) => [name, Number(value)]).filter(([, value]) => Number.isSafeInteger(value));
}

function write() {
  const groups = GROUPS.map((group) => {
    const values = evaluate(group, candidates(group));
    const lines = values.map(([name, value]) => `  ${name}: ${toLiteral(value)},`);
    return `/** ${group.says} */\nexport const ${group.name} = {\n${lines.join('\n')}\n} as const;\n`;
  });
  const head =
    "/**\n * The kernel's constants by subject, under the kernel's names. `scripts/constants.mjs` writes this file.\n */\n\n";
  writeFileSync(OUTPUT, head + groups.join('\n'));
}

/** Requests of ioctl(2) are read as hexadecimal numbers. */
const toLiteral = (value) => (value > 0xfff ? `0x${value.toString(16)}` : String(value));

function check() {
  const text = readFileSync(OUTPUT, 'utf8');
  const wrong = [];
  for (const group of GROUPS) {
    const { name } = group;
    const body = new RegExp(`export const ${name} = \\{([^}]*)\\}`).exec(text)?.[1] ?? '';
    const written = new Map([...body.matchAll(/(\w+): (-?\w+),/g)].map(([, key, value]) => [key, Number(value)]));
    if (written.size === 0) wrong.push(`${name} is empty`);
    for (const [key, value] of evaluate(group, written.keys())) {
      if (written.get(key) !== value) wrong.push(`${name}.${key} is ${value}, not ${written.get(key)}`);
    }
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

if (process.argv.includes('--check')) check();
else write();
