/** Formats a line of a status: a name and a value. */
export function statusRow(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}
