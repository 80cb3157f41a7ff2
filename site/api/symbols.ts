/** The public names, each with its place on the site. */
import { type DeclarationReflection, type ProjectReflection, type Reflection, ReflectionKind } from 'typedoc';
import type { Checkout } from '../checkout.js';
import { slugOf } from '../markdown.js';
import { categoriesOf } from './categories.js';
import { MODULES } from './convert.js';

export type SymbolKind = 'class' | 'function' | 'type' | 'constant';

export interface ApiSymbol {
  readonly module: string;
  readonly category: ApiCategory;
  readonly name: string;
  readonly kind: SymbolKind;
  /** Where it is described: a page, or a place on the page of its category. */
  readonly place: string;
  /** What carries its documentation. A class that users know by an alias is behind that alias. */
  readonly reflection: DeclarationReflection;
  /** The constructor of a class behind an alias, which has signatures of its own. */
  readonly construct: DeclarationReflection | null;
}

export interface ApiCategory {
  readonly module: string;
  readonly title: string;
  readonly path: string;
}

export interface Api {
  readonly categories: readonly ApiCategory[];
  readonly symbols: readonly ApiSymbol[];
  /** The place of the symbol that a reflection belongs to; null if it is not public. */
  placeOf(reflection: Reflection): string | null;
}

/** Brings the names that typedoc has found into the order and the categories of src/index.ts. */
export function readApi(checkout: Checkout, project: ProjectReflection): Api {
  const categories: ApiCategory[] = [];
  const symbols: ApiSymbol[] = [];
  for (const [module, file] of Object.entries(MODULES)) {
    const named = categoriesOf(checkout.read(file));
    const folder = slugOf(module.replace('/', '-'));
    const root = moduleOf(project, file);
    for (const [title, names] of named) {
      const category = { module, title, path: `api/${folder}/${slugOf(title)}.html` };
      categories.push(category);
      for (const name of names) {
        const symbol = symbolOf(root, category, folder, name);
        if (symbol !== null) symbols.push(symbol);
      }
    }
  }
  const places = new Map<Reflection, string>();
  for (const { reflection, name, place, module } of symbols) {
    places.set(reflection, place);
    for (const each of moduleOf(project, MODULES[module === 'fdmux' ? 'fdmux' : 'fdmux/chat']).children ?? []) {
      if (each.name === name) places.set(each, place);
    }
  }
  return { categories, symbols, placeOf: (reflection) => placeOf(places, reflection) };
}

/** A member's place is an anchor on the page of what it belongs to. */
function placeOf(places: ReadonlyMap<Reflection, string>, reflection: Reflection): string | null {
  if (reflection.kindOf(ReflectionKind.TypeParameter)) return null;
  const place = places.get(reflection);
  if (place !== undefined) return place;
  if (reflection.isSignature()) {
    return placeOf(places, reflection.parent);
  }
  const page = reflection.parent === undefined ? undefined : places.get(reflection.parent);
  return page === undefined ? null : `${page.split('#')[0] ?? ''}#${anchorOf(reflection)}`;
}

/** The place of a member on the page of its class. */
export const anchorOf = (reflection: Reflection): string => slugOf(reflection.name.replace(/^\[|\]$/g, ''));

function moduleOf(project: ProjectReflection, file: string): DeclarationReflection {
  const name = file.replace(/^src\//, '').replace(/\.ts$/, '');
  const titles = Object.entries(MODULES).flatMap(([title, each]) => (each === file ? [title] : []));
  const found = project.children?.find((child) => child.name === name || titles.includes(child.name));
  if (found === undefined) throw new Error(`typedoc has no module for ${file}`);
  return found;
}

function symbolOf(root: DeclarationReflection, category: ApiCategory, folder: string, name: string): ApiSymbol | null {
  const found = (root.children ?? []).filter((child) => child.name === name).map(targetOf);
  const [first] = found;
  // Another name of a symbol that has its own.
  if (first?.name !== name) return null;
  const { module } = category;
  const aliased = found.map(({ type }) => (type?.type === 'reference' ? type.reflection : undefined));
  const behind = aliased.find((target) => target?.kindOf(ReflectionKind.Class) === true);
  if (found.length > 1 && behind?.isDeclaration() === true) {
    const construct = aliased.find((target) => target?.kindOf(ReflectionKind.Interface) === true);
    return {
      ...{ module, category, name, kind: 'class' as const, reflection: behind },
      place: `api/${folder}/class/${name}.html`,
      construct: construct?.isDeclaration() === true ? construct : null,
    };
  }
  const kind = kindOf(first);
  const place = kind === 'constant' ? `${category.path}#${slugOf(name)}` : `api/${folder}/${kind}/${name}.html`;
  return { module, category, name, kind, place, reflection: first, construct: null };
}

/** What a name stands for that is declared in another module. */
function targetOf(reflection: DeclarationReflection): DeclarationReflection {
  const target = reflection.isReference() ? reflection.tryGetTargetReflectionDeep() : reflection;
  return target?.isDeclaration() === true ? target : reflection;
}

function kindOf(reflection: DeclarationReflection): SymbolKind {
  if (reflection.kindOf(ReflectionKind.Class)) return 'class';
  if (reflection.kindOf(ReflectionKind.Function)) return 'function';
  return reflection.kindOf(ReflectionKind.Variable) ? 'constant' : 'type';
}
