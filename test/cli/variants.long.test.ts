/** Days of a server on every way of waiting; the daily suite has some of them on the default one. */
import { describeBadDays, describeSignals } from './bad-days.js';
import { DEFAULT, VARIANTS } from './chat-server.js';
import { describeTranscript } from './transcript.js';

const others = VARIANTS.filter((variant) => variant !== DEFAULT);

describeSignals(others);
describeBadDays(VARIANTS);
describeTranscript(others);
