import { test } from 'vitest';
import { DEADLINE_MS } from '../support/deadline.js';
import { reuseFds } from './reuse.js';

test(
  '100,000 fds opened, closed and reused, with duplicates that live on: no event reaches a wrong registration',
  { timeout: 24 * DEADLINE_MS },
  () => reuseFds(100_000),
);
