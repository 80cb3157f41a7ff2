import { testChatUnderFaults } from './chat.js';

testChatUnderFaults({ seeds: [11, 12, 13], readers: 60, lines: 1000 });
