import { isTicket, type Ticket } from '../../src/chat/ticket.js';

/** Returns how a verb of the chat has ended; with a log in memory it always has. */
export function settled<T>(answer: T | Ticket<T>): T {
  if (isTicket(answer)) throw new Error('The log has not settled this yet');
  return answer;
}
