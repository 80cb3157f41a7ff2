/** The transcript of a conversation. */
import { DEFAULT } from './chat-server.js';
import { describeTranscript } from './transcript.js';

describeTranscript([DEFAULT]);
