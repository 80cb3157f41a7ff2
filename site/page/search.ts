/** The search: a field with a list of results below it, by keyboard, mouse or touch. */
import MiniSearch, { type SearchResult } from 'minisearch';
import { SEARCH_OPTIONS, type Section } from '../search-fields.js';

const MOST_RESULTS = 12;

/** Starts the search of the page; its index is loaded when the reader first goes there. */
export function startSearch(): void {
  const box = document.querySelector<HTMLElement>('.search');
  const field = box?.querySelector('input');
  const list = document.querySelector<HTMLElement>('#results');
  if (box === null || field === null || field === undefined || list === null) return;
  const search = new Search(field, list, box.dataset['index'] ?? '', box.dataset['root'] ?? '');
  field.addEventListener('focus', () => void search.load());
  field.addEventListener('input', () => void search.update());
  field.addEventListener('keydown', (event) => search.key(event));
  box.addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && box.contains(relatedTarget))) search.close();
  });
  addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
  });
}

class Search {
  readonly #field: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #url: string;
  /** The way from this page to the root of the site. */
  readonly #root: string;
  #index: Promise<MiniSearch<Section>> | null = null;
  #active = -1;

  constructor(field: HTMLInputElement, list: HTMLElement, url: string, root: string) {
    this.#field = field;
    this.#list = list;
    this.#url = url;
    this.#root = root;
  }

  load(): Promise<MiniSearch<Section>> {
    this.#index ??= fetch(this.#url)
      .then((response) => response.text())
      .then((text) => MiniSearch.loadJSON<Section>(text, SEARCH_OPTIONS));
    return this.#index;
  }

  async update(): Promise<void> {
    const query = this.#field.value.trim();
    const index = await this.load();
    // Another letter may have been typed meanwhile.
    if (query !== this.#field.value.trim()) return;
    if (query === '') {
      this.close();
      return;
    }
    const found = index.search(query).slice(0, MOST_RESULTS);
    this.#list.replaceChildren(...(found.length === 0 ? [nothing()] : found.map((each, at) => this.#option(each, at))));
    this.#list.hidden = false;
    this.#field.setAttribute('aria-expanded', 'true');
    this.#activate(found.length === 0 ? -1 : 0);
  }

  key(event: KeyboardEvent): void {
    const options = this.#options();
    if (event.key === 'Escape') this.close();
    else if (event.key === 'Enter') options[this.#active]?.click();
    else if (event.key === 'ArrowDown') this.#activate((this.#active + 1) % Math.max(options.length, 1));
    else if (event.key === 'ArrowUp') this.#activate((this.#active + options.length - 1) % Math.max(options.length, 1));
    else return;
    event.preventDefault();
  }

  close(): void {
    this.#list.hidden = true;
    this.#field.setAttribute('aria-expanded', 'false');
    this.#field.removeAttribute('aria-activedescendant');
  }

  #options(): HTMLAnchorElement[] {
    return [...this.#list.querySelectorAll('a')];
  }

  #activate(at: number): void {
    this.#active = at;
    for (const [index, option] of this.#options().entries()) {
      option.setAttribute('aria-selected', String(index === at));
      if (index === at) {
        this.#field.setAttribute('aria-activedescendant', option.id);
        option.scrollIntoView({ block: 'nearest' });
      }
    }
  }

  #option({ place, title, heading, chapter, excerpt }: SearchResult & Partial<Section>, at: number): HTMLAnchorElement {
    const option = document.createElement('a');
    option.id = `result-${at}`;
    option.role = 'option';
    option.tabIndex = -1;
    option.href = `${this.#root}${String(place)}`;
    const name = document.createElement('strong');
    name.textContent = String(heading);
    const where = document.createElement('span');
    where.className = 'where';
    where.textContent = heading === title ? String(chapter) : `${String(chapter)}, ${String(title)}`;
    const text = document.createElement('span');
    text.className = 'excerpt';
    text.textContent = String(excerpt);
    option.append(name, where, text);
    return option;
  }
}

function nothing(): HTMLElement {
  const text = document.createElement('p');
  text.role = 'option';
  text.ariaDisabled = 'true';
  text.textContent = 'Nothing found';
  return text;
}
