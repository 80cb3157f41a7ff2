/**
 * Which texts are IP addresses. node:net decides; it is loaded for the first of them, because loading it takes a
 * millisecond, and most programs that load fdmux never need it.
 */
export const isIPv4 = (text: string): boolean => process.getBuiltinModule('node:net').isIPv4(text);

/** With a zone or without. A zone may be the name of any interface; node:net refuses some, such as 'br_lan'. */
export function isIPv6(text: string): boolean {
  const percent = text.indexOf('%');
  if (percent === text.length - 1) return false;
  return process.getBuiltinModule('node:net').isIPv6(percent < 0 ? text : text.slice(0, percent));
}
