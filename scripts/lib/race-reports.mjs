/** Which reports of ThreadSanitizer are about our code. */

/** A line of a report that names our code. */
export const OURS = /fdmux\.node|native\/\w+\.(cc|h)/;

/**
 * The frame that touches the memory in a stack of ThreadSanitizer: the first one outside the sanitizer itself.
 */
const culprit = (stack) => stack.split('\n').find((line) => /^ +#\d/.test(line) && !line.includes('(libtsan.so')) ?? '';

/**
 * Whether a report is about an fd that libuv made. It closes its fds by a raw system call, which the sanitizer does not
 * see: when the kernel gives us the same number later, the sanitizer takes it for libuv's fd of another thread.
 */
function isOfLibuvsFd(parts) {
  const location = parts.find((part) => /^ {2}Location is file descriptor/.test(part));
  return location !== undefined && / uv_/.test(culprit(location));
}

/**
 * A race counts if our code makes one of the two accesses. Node.js and its engine are not built with the sanitizer,
 * which misreads their locks, even below a call of our code. JavaScript that uses one fd in two threads synchronizes by
 * Atomics, which the sanitizer does not see either. Any other kind of report counts if it names our code.
 */
export function isRaceOfOurs(stanza) {
  if (!/WARNING: ThreadSanitizer/.test(stanza)) return false;
  if (!/WARNING: ThreadSanitizer: data race/.test(stanza)) return OURS.test(stanza);
  const parts = stanza.split(/\n(?= {2}\S)/);
  const accesses = parts.filter((part) => /^ {2}(Previous )?(atomic )?(read|write) of size/i.test(part));
  const isOfJavaScript = accesses.every((stack) => stack.includes('FunctionCallbackWrapper::Invoke'));
  if (isOfJavaScript && /^ {2}Location is file descriptor/m.test(stanza)) return false;
  return accesses.some((stack) => OURS.test(culprit(stack))) && !isOfLibuvsFd(parts);
}
