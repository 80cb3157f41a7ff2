/** The name of a server among those that share one store. */
/** Whether a text can name a node: its sessions begin with the name, and a dot follows. */
export function isNodeName(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,31}$/.test(text);
}
