/** Text to GBK bytes. Node.js decodes GBK (TextDecoder) but does not encode it. */

/** Turns the decoder around: each pair of bytes that is a character, by that character. */
function makeTable(): ReadonlyMap<string, readonly [lead: number, trail: number]> {
  const decoder = new TextDecoder('gbk');
  const table = new Map<string, readonly [number, number]>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const text = decoder.decode(Uint8Array.of(lead, trail));
      // A pair that is no character decodes to the replacement character, alone or before an ASCII one.
      if (!text.startsWith('\ufffd')) table.set(text, [lead, trail]);
    }
  }
  return table;
}

let table: ReturnType<typeof makeTable> | undefined;

/** @throws RangeError if GBK has no such character: a question mark in its place would change the text unnoticed */
export function encodeGbk(text: string): Buffer {
  table ??= makeTable();
  const bytes: number[] = [];
  for (const char of text) {
    const pair = table.get(char);
    if (char < '\x80') bytes.push(char.charCodeAt(0));
    else if (pair !== undefined) bytes.push(...pair);
    else throw new RangeError(`GBK has no character ${char}`);
  }
  return Buffer.from(bytes);
}
