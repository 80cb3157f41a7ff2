import { testByteIntegrity, WAYS } from './byte-integrity.js';

testByteIntegrity({
  ways: WAYS.filter(({ backend }) => backend === 'epoll'),
  seeds: [1],
  connections: 60,
  bytes: 40_000,
});
