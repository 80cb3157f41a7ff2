/** The context that every view may use without being handed it. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Client } from '../client.js';
import type { PageConfig } from '../config.js';
import type { Settings } from '../settings.js';
import type { Texts } from '../text/en.js';
import type { Formats } from './formats.js';

export interface Page {
  readonly client: Client;
  readonly config: PageConfig;
  readonly texts: Texts;
  readonly formats: Formats;
  readonly settings: Settings;
  readonly change: (settings: Partial<Settings>) => void;
}

export const PageContext = createContext<Page | null>(null);

/** Returns the page that this view is part of. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('a view stands outside the page');
  return page;
}
