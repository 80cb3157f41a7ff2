/**
 * A network in a program: makes a TUN device, and answers every ping to an address behind it. Sends one itself, through
 * the kernel's routes: networking/tuntap.rst. Needs CAP_NET_ADMIN.
 *
 * npm run example tun-ping 10.77.0.1 10.77.0.2
 */
import { constants } from 'node:fs';
import {
  bindDatagram,
  decodeInterfaceRequest,
  Descriptor,
  encodeInterfaceRequest,
  type FdStream,
  INTERFACE,
  INTERNET,
  IPPROTO_ICMP,
  serve,
  Socket,
  TUN,
} from 'fdmux';

const [here = '10.77.0.1', there = '10.77.0.2'] = process.argv.slice(2);

/** RFC 791 and RFC 792: where the fields are. */
const IP = { version4: 0x45, protocolAt: 9, sourceAt: 12, destinationAt: 16, end: 20 };
const ICMP = { checksumAt: 2, headerBytes: 8 };

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  bytes.forEach((byte, index) => (sum += index % 2 === 0 ? byte << 8 : byte));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function icmp(type: number, rest: Buffer): Buffer {
  const message = Buffer.concat([Buffer.of(type, 0, 0, 0), rest]);
  message.writeUInt16BE(checksum(message), ICMP.checksumAt);
  return message;
}

/** Turns an echo request into its answer: the addresses change places, which leaves the header's checksum as it is. */
function answerTo(packet: Buffer): Buffer | null {
  if (packet.length < IP.end + ICMP.headerBytes || packet.readUInt8(0) !== IP.version4) return null;
  const isEcho = packet.readUInt8(IP.protocolAt) === IPPROTO_ICMP && packet.readUInt8(IP.end) === INTERNET.ICMP_ECHO;
  if (!isEcho) return null;
  const source = packet.subarray(IP.sourceAt, IP.destinationAt);
  const destination = packet.subarray(IP.destinationAt, IP.end);
  const header = [packet.subarray(0, IP.sourceAt), destination, source];
  return Buffer.concat([...header, icmp(INTERNET.ICMP_ECHOREPLY, packet.subarray(IP.end + 4))]);
}

/** Makes the device, with an address and up. */
function openTun(): { device: Descriptor; name: string } {
  const device = Descriptor.open('/dev/net/tun', constants.O_RDWR);
  const request = encodeInterfaceRequest('tun%d', { flags: TUN.IFF_TUN | TUN.IFF_NO_PI });
  device.ioctl(TUN.TUNSETIFF, request);
  const { name } = decodeInterfaceRequest(request);
  using control = Socket.create({ family: 'inet', type: 'dgram' });
  const address = { family: 'inet', host: here, port: 0 } as const;
  control.ioctl(INTERFACE.SIOCSIFADDR, encodeInterfaceRequest(name, { address }));
  control.ioctl(INTERFACE.SIOCSIFDSTADDR, encodeInterfaceRequest(name, { address: { ...address, host: there } }));
  control.ioctl(INTERFACE.SIOCSIFFLAGS, encodeInterfaceRequest(name, { flags: INTERFACE.IFF_UP }));
  return { device, name };
}

const { device, name } = openTun();
const data = (tun: FdStream, packet: Buffer): void => {
  const answer = answerTo(packet);
  if (answer !== null) tun.write(answer);
};
// One write is one packet.
serve(device, { data }, { preservesMessages: true });
console.log(`${name} is up`);

const pinger = Socket.create({ family: 'inet', type: 'raw', protocol: IPPROTO_ICMP });
const message = (_: unknown, packet: Buffer): void => {
  if (packet.readUInt8(IP.end) !== INTERNET.ICMP_ECHOREPLY) return;
  console.log(`${there} has answered: ${packet.toString('latin1', IP.end + ICMP.headerBytes)}`);
};
void bindDatagram({ fd: pinger.fd, socket: { message } });
const echo = icmp(INTERNET.ICMP_ECHO, Buffer.from('\0\x01\0\x01hello'));
pinger.sendTo(echo, { family: 'inet', host: there, port: 0 });
