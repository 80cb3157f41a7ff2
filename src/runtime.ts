/**
 * The permissions that the runtime gives this program. Only Deno restricts it: Deno prompts its user or throws unless a
 * flag allows the access.
 */

/** A permission as Deno names it. */
type Permission =
  { readonly name: 'read' | 'ffi'; readonly path: string } | { readonly name: 'env'; readonly variable: string };

const deno: unknown = Reflect.get(globalThis, 'Deno');

export const isDeno = deno !== undefined;

/** Whether something is allowed already. Shows no prompt. True in every runtime but Deno. */
export function isAllowed(permission: Permission): boolean {
  const permissions = property(deno, 'permissions');
  const query = property(permissions, 'querySync');
  if (typeof query !== 'function') return true;
  const status: unknown = Reflect.apply(query, permissions, [permission]);
  return property(status, 'state') === 'granted';
}

/** Returns a variable of the environment; undefined also if this program may not read it. */
export function environmentVariable(variable: string): string | undefined {
  return isAllowed({ name: 'env', variable }) ? process.env[variable] : undefined;
}

/** Removes a variable from the environment, and so from that of children. Nothing happens if the program may not. */
export function removeEnvironmentVariable(variable: string): void {
  if (isAllowed({ name: 'env', variable })) Reflect.deleteProperty(process.env, variable);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
