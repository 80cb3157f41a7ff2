/** Code in colours: classes of highlight.js, which the style sheet has colours for in light and dark. */
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import ini from 'highlight.js/lib/languages/ini';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import nginx from 'highlight.js/lib/languages/nginx';
import python from 'highlight.js/lib/languages/python';
import typescript from 'highlight.js/lib/languages/typescript';
import yaml from 'highlight.js/lib/languages/yaml';
import { escapeHtml, Html } from './html.js';

const LANGUAGES = { bash, c, cpp, ini, javascript, json, nginx, python, typescript, yaml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** What fences and files are called, where that is not the language's own name. */
const ALIASES: Readonly<Record<string, string>> = {
  ts: 'typescript',
  mts: 'typescript',
  tsx: 'typescript',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  sh: 'bash',
  py: 'python',
  h: 'c',
  cc: 'cpp',
  yml: 'yaml',
  service: 'ini',
  socket: 'ini',
  toml: 'ini',
  conf: 'nginx',
};

/** Code as HTML; in one colour if its language is not known. */
export function highlight(code: string, language: string): Html {
  const name = ALIASES[language] ?? language;
  if (hljs.getLanguage(name) === undefined) return new Html(escapeHtml(code));
  return new Html(hljs.highlight(code, { language: name, ignoreIllegals: true }).value);
}
