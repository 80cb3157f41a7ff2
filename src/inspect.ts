/** How objects of fdmux look in util.inspect and console.log: their class with the fields of their state. */
import { inspect, type InspectOptions } from 'node:util';

/**
 * Returns the result of a method `[inspect.custom]`: `Socket { fd: 5, closed: false }`.
 *
 * @param name the class: `constructor.name` would be the bundler's
 * @param depth as given to the method: below 0, an outer object has no room for details
 */
export function summary(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  depth: number,
  options: InspectOptions,
): string {
  return depth < 0 ? `[${name}]` : `${name} ${inspect(fields, { ...options, depth })}`;
}
