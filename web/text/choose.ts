/** Chooses the language of the page. */
import { english, type Texts } from './en.js';
import { chinese } from './zh.js';

export type LanguageChoice = 'auto' | 'en' | 'zh';

/** Returns the texts of the user's choice; `auto` takes the first of the browser's languages that there is. */
export function textsFor(choice: LanguageChoice, browserLanguages: readonly string[]): Texts {
  const wanted = choice === 'auto' ? browserLanguages : [choice];
  for (const language of wanted) {
    if (/^zh\b/i.test(language)) return chinese;
    if (/^en\b/i.test(language)) return english;
  }
  return english;
}
