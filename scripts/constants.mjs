/**
 * Writes src/socket/kernel-constants.ts from this system's headers: `node scripts/constants.mjs`. A name that the
 * headers declare, as a macro or in an enum, is kept if its value is an integer. A request of ioctl(2) that takes a
 * length or an index, as EVIOCGNAME(len), is kept with 0 for it.
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
    headers: ['linux/input.h', 'linux/input-event-codes.h', 'linux/uinput.h'],
    names: /^(EV_|SYN_|KEY_|BTN_|REL_|ABS_|MSC_|LED_|SND_|REP_|FF_|SW_|EVIOC|INPUT_PROP_|BUS_|ID_|UI_|UINPUT_|MT_)/,
  },
  {
    name: 'HID',
    says: 'Human interface devices without a driver in between: hid/hidraw.rst.',
    headers: ['linux/hidraw.h', 'linux/hid.h'],
    names: /^(HID)/,
  },
  {
    name: 'USB',
    says: 'USB devices from user space: driver-api/usb/usb.rst.',
    headers: ['linux/usbdevice_fs.h', 'linux/usb/ch9.h'],
    names: /^(USBDEVFS_|USB_)/,
  },
  {
    name: 'BLUETOOTH',
    says: 'Bluetooth sockets, from the headers of BlueZ: bluetooth(7).',
    headers: [
      'bluetooth/bluetooth.h',
      'bluetooth/hci.h',
      'bluetooth/l2cap.h',
      'bluetooth/rfcomm.h',
      'bluetooth/sco.h',
      'bluetooth/bnep.h',
      'bluetooth/hidp.h',
    ],
    names: /^(AF_BLUETOOTH|BT_|BTPROTO_|BDADDR_|SOL_|HCI|EVT_|OCF_|OGF_|LE_|L2CAP_|RFCOMM|SCO_|BNEP|HIDP)/,
  },
  {
    name: 'FANOTIFY',
    says: 'Accesses to files: fanotify(7).',
    headers: ['linux/fanotify.h'],
    names: /^FAN_/,
  },
  {
    name: 'FILTER',
    says: 'Filters of sockets: networking/filter.rst.',
    headers: ['linux/filter.h', 'linux/bpf_common.h'],
    names: /^(BPF_|SKF_)/,
  },
  {
    name: 'INTERFACE',
    says: 'Network interfaces: netdevice(7).',
    headers: ['linux/if.h', 'linux/if_arp.h', 'linux/sockios.h'],
    names: /^(IFF_|IFNAMSIZ|IF_OPER_|ARPHRD_|SIOC)/,
  },
  {
    name: 'INTERNET',
    says: 'IP, ICMP, TCP and multicast groups: ip(7), ipv6(7), icmp(7), tcp(7).',
    headers: ['linux/in.h', 'linux/in6.h', 'linux/icmp.h', 'linux/icmpv6.h', 'linux/tcp.h'],
    names: /^(IPPROTO_|IP_|IPV6_|MCAST_|ICMP|TCP_)/,
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

/** Macros with parameters that stand for a request. */
const REQUESTS = /^#\s*define\s+((?:EVIOC|UI_GET_|SPI_IOC_MESSAGE|HIDIOC)\w*)\((\w+(?:,\s*\w+)*)\)/gm;

const PREAMBLE = ['sys/socket.h', 'sys/ioctl.h', 'linux/types.h', 'stddef.h', 'time.h'];
/**
 * The kernel's own terminal structs exclude the C library's, so that group goes without it. The constants of a header
 * that this system does not have are not checked.
 */
const includes = ({ headers, isAlone = false }) =>
  [...(isAlone ? [] : PREAMBLE), ...headers]
    .map((header) => `#if __has_include(<${header}>)\n#include <${header}>\n#endif\n`)
    .join('');

function candidates({ headers, names }) {
  const found = new Set();
  for (const header of headers) {
    for (const [word] of headerText(header).matchAll(/\b[A-Z][A-Z0-9_]*\b/g)) if (names.test(word)) found.add(word);
  }
  return [...found].sort();
}

/** The parameters of each request that has some, all 0. */
function requestParameters({ headers }) {
  const found = headers.flatMap((header) => [...headerText(header).matchAll(REQUESTS)]);
  return new Map(found.map(([, name, list]) => [name, `(${list.split(',').map(() => '0')})`]));
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
  const macro = '#define SHOW(NAME, VALUE) printf("%s %lld\\n", #NAME, (long long)(1 * (VALUE)));';
  const parameters = requestParameters(group);
  const lineOf = (name) => `SHOW(${name}, ${name}${parameters.get(name) ?? ''})`;
  const head = `${includes(group)}#include <stdio.h>\n${macro}\nint main(void) {\n`;
  writeFileSync(source, `${head}${names.map(lineOf).join('\n')}\n}\n`);
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
