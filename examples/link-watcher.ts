/**
 * Reports network interfaces as they appear, go up and down, and vanish: a netlink socket in the group of link events,
 * rtnetlink(7).
 */
import {
  AF_NETLINK,
  bindDatagram,
  decodeNetlink,
  decodeNetlinkLink,
  INTERFACE,
  NETLINK,
  netlinkAddress,
  type NetlinkMessage,
  Socket,
} from 'fdmux';

function report(message: NetlinkMessage): void {
  const link = decodeNetlinkLink(message);
  if (link === null) return;
  const isUp = (link.flags & INTERFACE.IFF_UP) !== 0;
  const state = message.type === NETLINK.RTM_DELLINK ? 'gone' : isUp ? 'up' : 'down';
  console.log(`${link.name} (${link.index}) is ${state}`);
}

async function main(): Promise<void> {
  const socket = Socket.create({ family: AF_NETLINK, type: 'dgram', protocol: NETLINK.NETLINK_ROUTE });
  socket.bind(netlinkAddress({ groups: NETLINK.RTMGRP_LINK }));
  await bindDatagram({
    fd: socket.fd,
    socket: { message: (_, bytes) => decodeNetlink(bytes).forEach(report) },
  });
  console.log('watching links');
}

void main();
