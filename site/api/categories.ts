/** The category of each public name: the comment above its export in src/index.ts. */
import ts from 'typescript';

/** The categories of a module, in order: each with its names. */
export function categoriesOf(source: string): Map<string, string[]> {
  const file = ts.createSourceFile('index.ts', source, ts.ScriptTarget.Latest, true);
  const categories = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const statement of file.statements) {
    if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined) continue;
    const heading = headingAbove(source, statement.getFullStart());
    if (heading !== null) categories.set(heading, (current = []));
    if (ts.isNamedExports(statement.exportClause)) {
      current?.push(...statement.exportClause.elements.map(({ name }) => name.text));
    }
  }
  return categories;
}

/** The line comment directly above a statement. */
function headingAbove(source: string, start: number): string | null {
  const comment = ts.getLeadingCommentRanges(source, start)?.at(-1);
  if (comment?.kind !== ts.SyntaxKind.SingleLineCommentTrivia) return null;
  return source.slice(comment.pos + '//'.length, comment.end).trim();
}
