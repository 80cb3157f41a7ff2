/** The package as programs load it, from a folder as installing leaves it. */
import { describe } from 'vitest';
import { installedPackage } from '../support/installed-package.js';
import { testLoading } from './loading.js';

describe('in node_modules', () => {
  testLoading(installedPackage({ isPacked: false }));
});
