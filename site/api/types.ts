/** Types as they are written in TypeScript, with links to those that are public. */
import type { DeclarationReflection, ParameterReflection, SignatureReflection, SomeType, TypeVisitor } from 'typedoc';
import { type Html, html } from '../html.js';
import { relativeUrl } from '../site-page.js';
import type { Api } from './symbols.js';

/** Prints types for one page of the site. */
export class TypePrinter {
  readonly #api: Api;
  readonly #page: string;
  readonly #visitor: TypeVisitor<Html>;

  constructor(api: Api, page: string) {
    this.#api = api;
    this.#page = page;
    this.#visitor = this.#createVisitor();
  }

  type(type: SomeType | undefined): Html {
    return type === undefined ? html`unknown` : type.visit(this.#visitor);
  }

  /** `name<T>(parameters): result` */
  signature(signature: SignatureReflection, name: string): Html {
    const parameters = (signature.parameters ?? []).map((each) => this.#parameter(each));
    return html`${name}${this.typeParameters(signature)}(${separated(parameters, ', ')}): ${this.type(signature.type)}`;
  }

  /** `<T extends Bound = Default>`, or nothing. */
  typeParameters({ typeParameters = [] }: Pick<SignatureReflection | DeclarationReflection, 'typeParameters'>): Html {
    if (typeParameters.length === 0) return html``;
    const each = typeParameters.map(({ name, type, default: byDefault }) => {
      const bound = type === undefined ? null : html` extends ${this.type(type)}`;
      return html`${name}${bound}${byDefault === undefined ? null : html` = ${this.type(byDefault)}`}`;
    });
    return html`&lt;${separated(each, ', ')}&gt;`;
  }

  #parameter({ name, flags, type, defaultValue }: ParameterReflection): Html {
    const isOptional = flags.isOptional || defaultValue !== undefined;
    return html`${flags.isRest ? '...' : ''}${name}${isOptional ? '?' : ''}: ${this.type(type)}`;
  }

  /** The members of an object type, or the parameters and the result of a function type. */
  #inline({ signatures = [], children = [], indexSignatures = [] }: DeclarationReflection): Html {
    const [signature] = signatures;
    if (signature !== undefined && children.length === 0) {
      const parameters = (signature.parameters ?? []).map((each) => this.#parameter(each));
      return html`(${separated(parameters, ', ')}) =&gt; ${this.type(signature.type)}`;
    }
    const members = children.map((child) => {
      const [method] = child.signatures ?? [];
      if (method !== undefined) return this.signature(method, child.name);
      const { flags, name, type } = child;
      return html`${flags.isReadonly ? 'readonly ' : ''}${name}${flags.isOptional ? '?' : ''}: ${this.type(type)}`;
    });
    const indexes = indexSignatures.map(({ parameters = [], type }) => {
      return html`[${separated(
        parameters.map((each) => this.#parameter(each)),
        ', ',
      )}]:
      ${this.type(type)}`;
    });
    return html`{ ${separated([...members, ...indexes], '; ')} }`;
  }

  #name(name: string, place: string | null): Html {
    return place === null ? html`${name}` : html`<a href="${relativeUrl(this.#page, place)}">${name}</a>`;
  }

  #grouped(type: SomeType): Html {
    const isCompound = ['union', 'intersection', 'conditional', 'typeOperator', 'optional'].includes(type.type);
    const isFunction = type.type === 'reflection' && (type.declaration.signatures ?? []).length > 0;
    return isCompound || isFunction ? html`(${this.type(type)})` : this.type(type);
  }

  #createVisitor(): TypeVisitor<Html> {
    const print = (type: SomeType | undefined): Html => this.type(type);
    const list = (types: readonly SomeType[], between: string): Html =>
      separated(
        types.map((each) => this.#grouped(each)),
        between,
      );
    return {
      array: ({ elementType }) => html`${this.#grouped(elementType)}[]`,
      conditional: ({ checkType, extendsType, trueType, falseType }) =>
        html`${print(checkType)} extends ${print(extendsType)} ? ${print(trueType)} : ${print(falseType)}`,
      indexedAccess: ({ objectType, indexType }) => html`${print(objectType)}[${print(indexType)}]`,
      inferred: ({ name }) => html`infer ${name}`,
      intersection: ({ types }) => list(types, ' & '),
      intrinsic: ({ name }) => html`${name}`,
      literal: ({ value }) => html`${literal(value)}`,
      mapped: ({ parameter, parameterType, templateType, readonlyModifier, optionalModifier }) => {
        const before = readonlyModifier === '+' ? 'readonly ' : '';
        const after = optionalModifier === '+' ? '?' : '';
        return html`{ ${before}[${parameter} in ${print(parameterType)}]${after}: ${print(templateType)} }`;
      },
      optional: ({ elementType }) => html`${print(elementType)}?`,
      predicate: ({ name, asserts, targetType }) =>
        html`${asserts ? 'asserts ' : ''}${name}${targetType === undefined ? null : html` is ${print(targetType)}`}`,
      query: ({ queryType }) => html`typeof ${print(queryType)}`,
      reference: ({ name, reflection, typeArguments = [] }) => {
        const place = reflection === undefined ? null : this.#api.placeOf(reflection);
        const given = typeArguments.length === 0 ? null : html`&lt;${separated(typeArguments.map(print), ', ')}&gt;`;
        return html`${this.#name(name, place)}${given}`;
      },
      reflection: ({ declaration }) => this.#inline(declaration),
      rest: ({ elementType }) => html`...${print(elementType)}`,
      templateLiteral: ({ head, tail }) =>
        html`\`${head}${tail.map(([type, text]) => html`\${${print(type)}}${text}`)}\``,
      tuple: ({ elements }) => html`[${separated(elements.map(print), ', ')}]`,
      namedTupleMember: ({ name, isOptional, element }) => html`${name}${isOptional ? '?' : ''}: ${print(element)}`,
      typeOperator: ({ operator, target }) => html`${operator} ${this.#grouped(target)}`,
      union: ({ types }) => list(types, ' | '),
      unknown: ({ name }) => html`${name}`,
    };
  }
}

function literal(value: string | number | boolean | bigint | null): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'bigint' ? `${value}n` : String(value);
}

/** Puts a text between pieces of HTML. */
function separated(pieces: readonly Html[], between: string): Html {
  return html`${pieces.map((piece, index) => (index === 0 ? piece : html`${between}${piece}`))}`;
}
