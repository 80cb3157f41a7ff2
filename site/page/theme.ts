/** Applies the colours that the reader chose on an earlier page, before this one is drawn. */
import { storedTheme } from './stored-theme.js';

const theme = storedTheme.read();
if (theme !== null) document.documentElement.dataset['theme'] = theme;
document.documentElement.classList.add('scripted');
