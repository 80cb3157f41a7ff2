/** Preloaded: the clock is an hour behind. */
'use strict';
const now = Date.now;
Date.now = () => now() - 3_600_000;
