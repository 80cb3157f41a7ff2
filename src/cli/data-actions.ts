/** The actions of `fdmux data`. */

/** The actions that can be done with data. */
export const DATA_ACTIONS = ['check', 'export', 'import', 'erase-account'] as const;

export type DataAction = (typeof DATA_ACTIONS)[number];
