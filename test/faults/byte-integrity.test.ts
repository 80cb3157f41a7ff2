import { testByteIntegrity } from './byte-integrity.js';

testByteIntegrity({ seeds: [1], connections: 60, bytes: 40_000 });
