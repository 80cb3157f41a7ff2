import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { at } from './paths.mjs';

/**
 * Copies the headers of node-addon-api, with their license, to the place where binding.gyp looks first. So the sources
 * compile in a folder from which no node_modules can be seen, and never with another version that lies in one.
 */
export function copyHeaders(folder) {
  for (const name of ['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h', 'LICENSE.md']) {
    cpSync(at('node_modules/node-addon-api', name), join(folder, 'native/node-addon-api', name));
  }
}
