import { testChatUnderFaults } from './chat.js';

testChatUnderFaults({ seeds: [1], readers: 20, lines: 100 });
