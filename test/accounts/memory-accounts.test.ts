import { MemoryAccounts } from '../../src/accounts/memory-accounts.js';
import { describeBook } from './book.js';

describeBook('memory', () => Promise.resolve(new MemoryAccounts()));
