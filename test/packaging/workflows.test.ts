import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readJson } from '../support/installed-package.js';
import { projectPath } from '../support/processes.js';

/** The hosted workflows cannot run here, so they only call scripts that can. */

const workflows = readdirSync(projectPath('.github/workflows')).map((name) => ({
  name,
  text: readFileSync(projectPath(`.github/workflows/${name}`), 'utf8'),
}));

describe.each(workflows)('$name', ({ text }) => {
  test('calls only scripts that exist', () => {
    const scripts = [...text.matchAll(/npm run ([\w:-]+)|script: \[(.*)\]/g)].flatMap(([, script, list]) =>
      script === undefined ? [...(list ?? '').matchAll(/'([^']+)'/g)].map(([, each]) => each ?? '') : [script],
    );
    expect(readJson(projectPath('package.json'))).toMatchObject({
      scripts: Object.fromEntries(scripts.map((script) => [script, expect.any(String)])),
    });
    for (const [path] of text.matchAll(/scripts\/[\w-]+\.mjs|\.ci\/run/g))
      expect(existsSync(projectPath(path))).toBe(true);
  });

  test('pins every action to a commit and says which version it is', () => {
    for (const [, action = ''] of text.matchAll(/uses: (.*)/g)) {
      expect(action).toMatch(/^(\.\/\.github\/workflows\/[\w-]+\.yml|[\w./-]+@[0-9a-f]{40} # v[\d.]+)$/);
    }
  });

  test('grants nothing that a job does not ask for', () => {
    expect(text).toMatch(/^permissions: \{\}$/m);
  });
});
