/**
 * Reports network interfaces as they appear, go up and down, and vanish: a netlink socket in the group of link events,
 * rtnetlink(7).
 */
import { AF_NETLINK, bindDatagram, NETLINK, Socket } from 'fdmux';

/** Of the flags in struct ifinfomsg: netdevice(7). */
const IFF_UP = 1;

/** struct sockaddr_nl: the family, padding, a port that the kernel chooses, and the groups. */
function netlinkAddress(groups: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(AF_NETLINK, 0);
  bytes.writeUInt32LE(groups, 8);
  return bytes;
}

/** struct nlmsghdr and struct ifinfomsg have 16 bytes each; attributes follow, at multiples of 4. */
function readLink(message: Buffer): string | null {
  const type = message.readUInt16LE(4);
  if (type !== NETLINK.RTM_NEWLINK && type !== NETLINK.RTM_DELLINK) return null;
  const index = message.readInt32LE(20);
  const isUp = (message.readUInt32LE(24) & IFF_UP) !== 0;
  let name = `interface ${index}`;
  for (let start = 32; start + 4 <= message.length;) {
    const length = message.readUInt16LE(start);
    if (length < 4) break;
    const content = message.subarray(start + 4, start + length);
    if (message.readUInt16LE(start + 2) === NETLINK.IFLA_IFNAME) name = content.toString('utf8', 0, content.indexOf(0));
    start += Math.ceil(length / 4) * 4;
  }
  const state = type === NETLINK.RTM_DELLINK ? 'gone' : isUp ? 'up' : 'down';
  return `${name} (${index}) is ${state}`;
}

async function main(): Promise<void> {
  const socket = Socket.create({ family: AF_NETLINK, type: 'dgram', protocol: NETLINK.NETLINK_ROUTE });
  socket.bind(netlinkAddress(NETLINK.RTMGRP_LINK));
  await bindDatagram({
    fd: socket.fd,
    socket: {
      message: (_, bytes) => {
        for (let start = 0; start + 32 <= bytes.length;) {
          const length = bytes.readUInt32LE(start);
          const line = readLink(bytes.subarray(start, start + length));
          if (line !== null) console.log(line);
          start += Math.max(16, Math.ceil(length / 4) * 4);
        }
      },
    },
  });
  console.log('watching links');
}

void main();
