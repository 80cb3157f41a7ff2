/**
 * What this program may do where the runtime asks for leave: Deno, which prompts its user or throws unless a flag
 * allows it.
 */

/** A permission as Deno names it. */
type Permission =
  { readonly name: 'read' | 'ffi'; readonly path: string } | { readonly name: 'env'; readonly variable: string };

const deno: unknown = Reflect.get(globalThis, 'Deno');

export const isDeno = deno !== undefined;

/** Whether something is allowed already. Asks nobody; true in every runtime but Deno. */
export function isAllowed(permission: Permission): boolean {
  const permissions = property(deno, 'permissions');
  const query = property(permissions, 'querySync');
  if (typeof query !== 'function') return true;
  const status: unknown = Reflect.apply(query, permissions, [permission]);
  return property(status, 'state') === 'granted';
}

/** A variable of the environment; undefined also if this program may not read it. */
export function environmentVariable(variable: string): string | undefined {
  return isAllowed({ name: 'env', variable }) ? process.env[variable] : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
