#!/usr/bin/env node
/** The `fdmux` command. */
import { main } from './cli/main.js';

void main();

export {}; // To the compiler a file that only imports is CommonJS, and so would be all that it imports.
