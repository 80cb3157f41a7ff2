import { expect, test } from 'vitest';
import { parseRedisUrl } from '../../../src/store/redis/redis-url.js';

test.each([
  ['redis://db.example.org', { host: 'db.example.org', port: 6379, db: 0, isSecure: false }],
  ['redis://127.0.0.1:7000/2', { host: '127.0.0.1', port: 7000, db: 2, isSecure: false }],
  ['redis://[::1]:7000/', { host: '::1', port: 7000, db: 0, isSecure: false }],
  [
    'rediss://fdmux:p%40ss@db.example.org/1',
    { host: 'db.example.org', port: 6379, username: 'fdmux', password: 'p@ss', db: 1, isSecure: true },
  ],
  ['redis://:word@h', { host: 'h', port: 6379, password: 'word', db: 0, isSecure: false }],
  ['redis://%2Frun%2Fredis.sock', { path: '/run/redis.sock', db: 0, isSecure: false }],
  [
    'redis://fdmux:word@%2Frun%2Fmy%20redis.sock/4',
    { path: '/run/my redis.sock', username: 'fdmux', password: 'word', db: 4, isSecure: false },
  ],
])('the parts of %s are found', (url, place) => {
  expect(parseRedisUrl(url)).toEqual(place);
});

test.each([
  ...['', 'redis', 'redis:', 'redis://', 'http://h', 'redis://h/x', 'redis://h/-1', 'redis://h/1/2', 'redis://h:x'],
  ...['unix:///path', 'postgres://h/1', 'redis://%zz:a@h', 'redis://%zz'],
])('%s is no URL of a Redis server', (url) => {
  expect(parseRedisUrl(url)).toBeNull();
});
