/** What the reader chose: light or dark. A browser may refuse to keep it. */
export type Theme = 'light' | 'dark';

const KEY = 'fdmux-theme';

export const storedTheme = {
  read(): Theme | null {
    try {
      const value = localStorage.getItem(KEY);
      return value === 'light' || value === 'dark' ? value : null;
    } catch {
      return null;
    }
  },

  write(theme: Theme): void {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // The choice lasts for this page.
    }
  },
};
