import { testByteIntegrity, WAYS } from './byte-integrity.js';

testByteIntegrity({ ways: WAYS, seeds: [11, 12, 13, 14], connections: 600, bytes: 100_000 });
