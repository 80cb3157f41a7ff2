#!/usr/bin/env node
/** The `fdmux` command. */
import './cli/main.js';
