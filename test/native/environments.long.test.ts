import { testEnvironmentEndings } from './environment-endings.js';

testEnvironmentEndings(Number(process.env['FDMUX_STRESS'] ?? '20'));
