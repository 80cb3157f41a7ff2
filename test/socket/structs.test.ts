/** Structs of the kernel as objects, compared with what a C compiler makes of the kernel's headers. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  AF_NETLINK,
  CAN,
  canAddress,
  decodeAddress,
  decodeCanFrame,
  decodeGpioLineEvents,
  decodeInputEvents,
  decodeInterfaceRequest,
  decodeNetlink,
  decodeNetlinkAttributes,
  decodeNetlinkLink,
  encodeCanFrame,
  encodeGpioLineRequest,
  encodeInputEvents,
  encodeInterfaceRequest,
  encodeNetlink,
  encodeNetlinkAttribute,
  GPIO,
  gpioLineFd,
  INPUT,
  INTERFACE,
  NETLINK,
  netlinkAddress,
  sizedRequest,
  Socket,
  SPI,
  TUN,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { temporaryFolder } from '../support/temporary.js';

const hasHeaders = existsSync('/usr/include/linux/gpio.h') && spawnSync('cc', ['--version']).status === 0;

/** What a C program prints about structs: their bytes as hexadecimal digits, or a number. */
function fromC(statements: string): string[] {
  const folder = temporaryFolder();
  const headers = ['stdio.h', 'string.h', 'sys/socket.h', 'sys/ioctl.h', 'sys/time.h', 'net/if.h', 'netinet/in.h'];
  const kernels = ['input.h', 'gpio.h', 'can.h', 'netlink.h', 'rtnetlink.h', 'spi/spidev.h'];
  const includes = [...headers, ...kernels.map((name) => `linux/${name}`)].map((name) => `#include <${name}>\n`);
  writeFileSync(
    join(folder, 'structs.c'),
    `${includes.join('')}
static void show(const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
  printf("\\n");
}
int main(void) {\n${statements}\n}\n`,
  );
  const compiled = spawnSync('cc', ['-o', 'structs', 'structs.c'], { cwd: folder, encoding: 'utf8' });
  expect(compiled.stderr).toBe('');
  return spawnSync(join(folder, 'structs'), { encoding: 'utf8' }).stdout.trim().split('\n');
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text = ''): Buffer => Buffer.from(text, 'hex');

describe.skipIf(!hasHeaders)('beside the headers of this system', () => {
  test('events of input devices have their fields where the kernel has them', () => {
    const [bytes] = fromC(`struct input_event event;
      memset(&event, 0, sizeof event);
      event.input_event_sec = 1700000000; event.input_event_usec = 999999;
      event.type = EV_ABS; event.code = ABS_MT_POSITION_X; event.value = -7;
      show(&event, sizeof event);`);
    const event = { timeNs: 1_700_000_000_999_999_000n, type: INPUT.EV_ABS, code: INPUT.ABS_MT_POSITION_X, value: -7 };
    expect(decodeInputEvents(fromHex(bytes))).toEqual([event]);
    expect(hex(encodeInputEvents([event]))).toBe(bytes);
  });

  test('requests for lines and their edges have their fields where the kernel has them', () => {
    const [plain, steady, request, events] = fromC(`struct gpio_v2_line_request request;
      memset(&request, 0, sizeof request);
      request.offsets[0] = 17; request.offsets[1] = 4; request.num_lines = 2;
      strcpy(request.consumer, "test");
      request.config.flags = GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EVENT_CLOCK_REALTIME;
      show(&request, sizeof request);
      request.event_buffer_size = 99;
      request.config.num_attrs = 1;
      request.config.attrs[0].mask = 3;
      request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
      request.config.attrs[0].attr.debounce_period_us = 5000;
      show(&request, sizeof request);
      request.fd = 12345;
      show(&request, sizeof request);
      struct gpio_v2_line_event events[2];
      memset(events, 0, sizeof events);
      events[0].timestamp_ns = 1234567890123456789; events[0].id = GPIO_V2_LINE_EVENT_FALLING_EDGE;
      events[0].offset = 17; events[0].seqno = 5; events[0].line_seqno = 3;
      events[1].id = GPIO_V2_LINE_EVENT_RISING_EDGE; events[1].offset = 4;
      show(events, sizeof events);`);
    const flags = GPIO.GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO.GPIO_V2_LINE_FLAG_EVENT_CLOCK_REALTIME;
    const wanted = { lines: [17, 4], consumer: 'test', flags };
    expect(hex(encodeGpioLineRequest(wanted))).toBe(plain);
    expect(hex(encodeGpioLineRequest({ ...wanted, debounceUs: 5000, eventBufferSize: 99 }))).toBe(steady);
    expect(gpioLineFd(fromHex(request))).toBe(12_345);
    expect(decodeGpioLineEvents(fromHex(events))).toEqual([
      { timeNs: 1_234_567_890_123_456_789n, edge: 'falling', line: 17, sequence: 5, lineSequence: 3 },
      { timeNs: 0n, edge: 'rising', line: 4, sequence: 0, lineSequence: 0 },
    ]);
  });

  test('frames and addresses of CAN have their fields where the kernel has them', () => {
    const [standard, remote, flexible, error, address] = fromC(`struct can_frame frame;
      memset(&frame, 0, sizeof frame);
      frame.can_id = 0x123; frame.can_dlc = 3; memcpy(frame.data, "abc", 3);
      show(&frame, sizeof frame);
      memset(&frame, 0, sizeof frame);
      frame.can_id = 0x12345 | CAN_EFF_FLAG | CAN_RTR_FLAG;
      show(&frame, sizeof frame);
      struct canfd_frame wide;
      memset(&wide, 0, sizeof wide);
      wide.can_id = 0x7ff; wide.len = 12; wide.flags = CANFD_BRS; memcpy(wide.data, "twelve bytes", 12);
      show(&wide, sizeof wide);
      memset(&frame, 0, sizeof frame);
      frame.can_id = CAN_ERR_FLAG | 0x40; frame.can_dlc = 8;
      show(&frame, sizeof frame);
      struct sockaddr_can address;
      memset(&address, 0, sizeof address);
      address.can_family = AF_CAN; address.can_ifindex = if_nametoindex("lo");
      show(&address, sizeof address);`);
    const none = { isExtended: false, isRemote: false, isError: false, isFd: false, fdFlags: 0 };
    expect(hex(encodeCanFrame({ id: 0x123, data: 'abc' }))).toBe(standard);
    expect(decodeCanFrame(fromHex(standard))).toEqual({ ...none, id: 0x123, data: Buffer.from('abc') });
    expect(hex(encodeCanFrame({ id: 0x12345, isRemote: true }))).toBe(remote);
    const asking = { ...none, id: 0x12345, isExtended: true, isRemote: true, data: Buffer.alloc(0) };
    expect(decodeCanFrame(fromHex(remote))).toEqual(asking);
    const twelve = { id: 0x7ff, isFd: true, fdFlags: CAN.CANFD_BRS, data: Buffer.from('twelve bytes') };
    expect(hex(encodeCanFrame(twelve))).toBe(flexible);
    expect(decodeCanFrame(fromHex(flexible))).toEqual({ ...none, ...twelve });
    expect(decodeCanFrame(fromHex(error))).toEqual({ ...none, id: 0x40, isError: true, data: Buffer.alloc(8) });
    expect(hex(canAddress('lo'))).toBe(address);
  });

  test('messages and addresses of netlink have their fields where the kernel has them', () => {
    const [address, link] = fromC(`struct sockaddr_nl address;
      memset(&address, 0, sizeof address);
      address.nl_family = AF_NETLINK; address.nl_pid = 77; address.nl_groups = RTMGRP_LINK;
      show(&address, sizeof address);
      struct { struct nlmsghdr header; struct ifinfomsg info; struct rtattr attribute; char name[4]; } link;
      memset(&link, 0, sizeof link);
      link.header.nlmsg_len = sizeof link - 1; link.header.nlmsg_type = RTM_NEWLINK;
      link.header.nlmsg_flags = NLM_F_MULTI; link.header.nlmsg_seq = 9; link.header.nlmsg_pid = 77;
      link.info.ifi_index = 3; link.info.ifi_flags = IFF_UP; link.info.ifi_type = 772;
      link.attribute.rta_len = 7; link.attribute.rta_type = IFLA_IFNAME; strcpy(link.name, "lo");
      show(&link, sizeof link);`);
    expect(hex(netlinkAddress({ port: 77, groups: NETLINK.RTMGRP_LINK }))).toBe(address);
    const [message, ...others] = decodeNetlink(fromHex(link));
    expect(others).toEqual([]);
    expect(message).toMatchObject({ type: NETLINK.RTM_NEWLINK, flags: NETLINK.NLM_F_MULTI, sequence: 9, port: 77 });
    if (message === undefined) throw new Error('no message');
    const attributes = [{ type: NETLINK.IFLA_IFNAME, data: Buffer.from('lo\0') }];
    const { ARPHRD_LOOPBACK, IFF_UP } = INTERFACE;
    const found = { index: 3, name: 'lo', flags: IFF_UP, deviceType: ARPHRD_LOOPBACK, attributes };
    expect(decodeNetlinkLink(message)).toEqual(found);
    const attribute = encodeNetlinkAttribute(NETLINK.IFLA_IFNAME, 'lo\0');
    expect(hex(attribute)).toBe(link?.slice(-16));
    const data = Buffer.concat([message.data.subarray(0, 16), attribute.subarray(0, 7)]);
    const again = encodeNetlink({ type: NETLINK.RTM_NEWLINK, flags: NETLINK.NLM_F_MULTI, sequence: 9, data });
    expect(hex(again.subarray(0, 12))).toBe(link?.slice(0, 24));
    expect(hex(again.subarray(16))).toBe(link?.slice(32));
  });

  test('requests about interfaces have their fields where the kernel has them', () => {
    const [flags, mtu, address] = fromC(`struct ifreq request;
      memset(&request, 0, sizeof request);
      strcpy(request.ifr_name, "tun%d"); request.ifr_flags = 0x1001;
      show(&request, sizeof request);
      memset(&request, 0, sizeof request);
      strcpy(request.ifr_name, "eth0"); request.ifr_mtu = 1400;
      show(&request, sizeof request);
      struct sockaddr_in host = { AF_INET, 0, { htonl(0x7f000001) } };
      memcpy(&request.ifr_addr, &host, sizeof host);
      show(&request, sizeof request);`);
    expect(hex(encodeInterfaceRequest('tun%d', { flags: TUN.IFF_TUN | TUN.IFF_NO_PI }))).toBe(flags);
    expect(hex(encodeInterfaceRequest('eth0', { number: 1400 }))).toBe(mtu);
    const host = { family: 'inet', host: '127.0.0.1', port: 0 } as const;
    expect(hex(encodeInterfaceRequest('eth0', { address: host }))).toBe(address);
    const { name, bytes } = decodeInterfaceRequest(fromHex(address));
    expect([name, decodeAddress(bytes.subarray(0, 16))]).toEqual(['eth0', host]);
    expect(decodeInterfaceRequest(fromHex(mtu))).toMatchObject({ name: 'eth0', number: 1400 });
    expect(decodeInterfaceRequest(fromHex(flags))).toMatchObject({ name: 'tun%d', flags: 0x1001 });
  });

  test('requests that say how long their memory is are those of the macros', () => {
    const numbers = fromC(`printf("%u\\n%u\\n", (unsigned)EVIOCGNAME(256), (unsigned)SPI_IOC_MESSAGE(2));`);
    const made = [sizedRequest(INPUT.EVIOCGNAME, 256), sizedRequest(SPI.SPI_IOC_MESSAGE, 64)];
    expect(made.map(String)).toEqual(numbers);
    expect(sizedRequest(made[0] ?? 0, 0)).toBe(INPUT.EVIOCGNAME);
  });
});

test('the kernel answers a request of netlink with its interfaces', () => {
  const socket = disposedAtEnd(
    Socket.create({ family: AF_NETLINK, type: 'dgram', protocol: NETLINK.NETLINK_ROUTE, blocking: true }),
  );
  socket.bind(netlinkAddress());
  const flags = NETLINK.NLM_F_REQUEST | NETLINK.NLM_F_DUMP;
  // struct ifinfomsg with nothing in it asks for all of them.
  socket.sendTo(
    encodeNetlink({ type: NETLINK.RTM_GETLINK, flags, sequence: 5, data: Buffer.alloc(16) }),
    netlinkAddress(),
  );
  const messages = decodeNetlink(socket.recv(65_536) ?? Buffer.alloc(0));
  expect(messages.map((each) => each.sequence)).toEqual(messages.map(() => 5));
  const loopback = messages.map(decodeNetlinkLink).find((link) => link?.name === 'lo');
  expect(loopback).toMatchObject({ index: 1, deviceType: INTERFACE.ARPHRD_LOOPBACK });
});

test('an interface is asked for its flags and its MTU', () => {
  const socket = disposedAtEnd(Socket.create({ type: 'dgram' }));
  const ask = (request: number): ReturnType<typeof decodeInterfaceRequest> => {
    const struct = encodeInterfaceRequest('lo');
    socket.ioctl(request, struct);
    return decodeInterfaceRequest(struct);
  };
  expect(ask(INTERFACE.SIOCGIFFLAGS).flags & INTERFACE.IFF_LOOPBACK).not.toBe(0);
  expect(ask(INTERFACE.SIOCGIFMTU)).toMatchObject({ name: 'lo', number: expect.any(Number) });
  expect(ask(INTERFACE.SIOCGIFINDEX).number).toBe(1);
});

test('what is not whole is left out, and no bytes are read past the end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decode of [decodeInputEvents, decodeGpioLineEvents, decodeNetlink, decodeNetlinkAttributes]) {
        expect(decode(bytes).length).toBeLessThanOrEqual(bytes.length / 4);
      }
      decodeCanFrame(bytes);
      for (const message of decodeNetlink(bytes)) decodeNetlinkLink(message);
    }),
  );
  expect(decodeNetlink(Buffer.alloc(40))).toEqual([]);
  expect(decodeNetlinkAttributes(Buffer.alloc(8))).toEqual([]);
  const link = { type: NETLINK.RTM_NEWLINK, flags: 0, sequence: 0, port: 0, data: Buffer.alloc(15) };
  expect(decodeNetlinkLink(link)).toBeNull();
  expect(decodeNetlinkLink({ ...link, data: Buffer.alloc(16) })).toMatchObject({ name: null, attributes: [] });
  const tooLong = Buffer.alloc(CAN.CAN_MTU);
  tooLong.writeUInt8(9, 4);
  expect(decodeCanFrame(tooLong)).toBeNull();
  expect(decodeCanFrame(Buffer.alloc(15))).toBeNull();
});

test.each<readonly [string, () => unknown, string]>([
  ['a frame with 9 bytes', () => encodeCanFrame({ id: 1, data: Buffer.alloc(9) }), 'ERR_OUT_OF_RANGE'],
  [
    'a length that CAN FD lacks',
    () => encodeCanFrame({ id: 1, isFd: true, data: Buffer.alloc(9) }),
    'ERR_OUT_OF_RANGE',
  ],
  ['an id of 30 bits', () => encodeCanFrame({ id: 2 ** 29 }), 'ERR_OUT_OF_RANGE'],
  ['a standard frame with a long id', () => encodeCanFrame({ id: 0x800, isExtended: false }), 'ERR_OUT_OF_RANGE'],
  ['flags of CAN FD in another frame', () => encodeCanFrame({ id: 1, fdFlags: CAN.CANFD_BRS }), 'ERR_OUT_OF_RANGE'],
  ['an interface that is not there', () => canAddress('none0'), 'ENODEV'],
  ['no line', () => encodeGpioLineRequest({ lines: [] }), 'ERR_OUT_OF_RANGE'],
  ['65 lines', () => encodeGpioLineRequest({ lines: Array<number>(65).fill(1) }), 'ERR_OUT_OF_RANGE'],
  ['a consumer of 32 bytes', () => encodeGpioLineRequest({ lines: [1], consumer: 'x'.repeat(32) }), 'ERR_OUT_OF_RANGE'],
  ['a struct that is too short', () => gpioLineFd(Buffer.alloc(591)), 'ERR_OUT_OF_RANGE'],
  ['a code of 17 bits', () => encodeInputEvents([{ type: 1, code: 65_536, value: 0 }]), 'ERR_OUT_OF_RANGE'],
  ['a name of 16 bytes', () => encodeInterfaceRequest('x'.repeat(16)), 'ERR_OUT_OF_RANGE'],
  ['a NUL in a name', () => encodeInterfaceRequest('a\0b'), 'ERR_OUT_OF_RANGE'],
  ['two values at once', () => encodeInterfaceRequest('lo', { flags: 1, number: 1 }), 'ERR_OUT_OF_RANGE'],
  ['a short struct', () => decodeInterfaceRequest(Buffer.alloc(39)), 'ERR_OUT_OF_RANGE'],
  ['a long attribute', () => encodeNetlinkAttribute(1, Buffer.alloc(65_532)), 'ERR_OUT_OF_RANGE'],
  ['a port below 0', () => netlinkAddress({ port: -1 }), 'ERR_OUT_OF_RANGE'],
  ['a size of 16384', () => sizedRequest(0, 16_384), 'ERR_OUT_OF_RANGE'],
])('refuses %s', (_what, call, code) => {
  expect(call).toThrow(expect.objectContaining({ code }));
});
