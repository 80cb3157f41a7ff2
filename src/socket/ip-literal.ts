/**
 * Which texts are IP addresses. node:net decides; it is loaded for the first of them, because loading it takes a
 * millisecond, and most programs that load fdmux never need it.
 */
export const isIPv4 = (text: string): boolean => process.getBuiltinModule('node:net').isIPv4(text);

export const isIPv6 = (text: string): boolean => process.getBuiltinModule('node:net').isIPv6(text);
