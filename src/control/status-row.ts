/** A line of a status: a name, and what is so. */
export function statusRow(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}
