import { testWorkerEndings } from './worker-endings.js';

testWorkerEndings(Number(process.env['FDMUX_STRESS'] ?? '40'));
