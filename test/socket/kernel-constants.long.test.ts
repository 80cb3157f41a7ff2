import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as fdmux from 'fdmux';
import { CAN, GPIO, NETLINK, SOCKET, SOL_SOCKET, TIMESTAMPING, TTY, TUN } from 'fdmux';
import { expect, test } from 'vitest';
import * as constants from '../../src/socket/kernel-constants.js';
import { projectPath } from '../support/processes.js';

const hasHeaders = existsSync('/usr/include/linux/gpio.h') && spawnSync('cc', ['--version']).status === 0;

test.skipIf(!hasHeaders)('every constant has the value of the headers of this system', () => {
  const { status, stderr } = spawnSync(process.execPath, [projectPath('scripts/constants.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('every group is exported, and holds integers', () => {
  for (const [name, group] of Object.entries(constants)) {
    expect(Reflect.get(fdmux, name)).toBe(group);
    for (const value of Object.values(group)) expect(Number.isSafeInteger(value)).toBe(true);
  }
});

test('names what devices ask for', () => {
  expect([TTY.TIOCSCTTY, TUN.TUNSETIFF, GPIO.GPIO_V2_GET_LINE_IOCTL]).toEqual([0x540e, 0x400454ca, 0xc250b407]);
  expect([CAN.CAN_RAW, NETLINK.RTMGRP_LINK, TIMESTAMPING.SO_EE_ORIGIN_ZEROCOPY]).toEqual([1, 1, 5]);
  expect(SOCKET.SOL_SOCKET).toBe(SOL_SOCKET);
});
