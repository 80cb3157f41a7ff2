/**
 * Prints the names that hosts ask for by multicast DNS: RFC 6762. Several listeners share the port.
 *
 * npm run example mdns-listener lo
 */
import { bindDatagram, formatAddress } from 'fdmux';

const [through, port = '5353'] = process.argv.slice(2);
const GROUP = '224.0.0.251';
const HEADER_BYTES = 12;

/** The name of the first question: labels, each behind its length (RFC 1035, section 4.1.2). */
function questionOf(message: Buffer): string | null {
  if (message.length < HEADER_BYTES || message.readUInt16BE(4) === 0) return null;
  const labels: string[] = [];
  for (let start = HEADER_BYTES; start < message.length;) {
    const length = message.readUInt8(start);
    // 0 ends the name; the first question has nothing to point back to.
    if (length === 0 || length > 63) break;
    labels.push(message.toString('utf8', start + 1, start + 1 + length));
    start += 1 + length;
  }
  return JSON.stringify(labels.join('.'));
}

async function main(): Promise<void> {
  const socket = await bindDatagram({
    host: '0.0.0.0',
    port: Number(port),
    reuseAddress: true,
    groups: [{ group: GROUP, interface: through }],
    socket: {
      message: (_, bytes, sender) => {
        const name = questionOf(bytes);
        if (name !== null && sender !== null) console.log(`${formatAddress(sender)} asks for ${name}`);
      },
    },
  });
  console.log(`listening on ${formatAddress(socket.localAddress)}`);
}

void main();
