/** Calls a method with arguments that the compiler would refuse, as a program in JavaScript can. */
export function callUntyped(target: object, name: string, ...args: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`no method ${name}`);
  return Reflect.apply(method, target, args);
}
