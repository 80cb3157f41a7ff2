/**
 * `node scripts/check-release.mjs v1.2.3 fdmux-1.2.3.tgz`: the tag, package.json, the changelog and the tarball have to
 * agree on the version, the tarball has to bring every binary, name the repository that the release runs in, and have
 * links that work outside of it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { publishedManifest, relativeLinks, repositoryUrl } from './lib/published.mjs';
import { binaryPath, targets } from './lib/targets.mjs';

await runMain(() => {
  const [tag, tarball] = process.argv.slice(2);
  if (tarball === undefined) throw new Problem('usage: check-release.mjs TAG TARBALL');
  const { name, version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const files = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).split('\n');
  const read = (path) => execFileSync('tar', ['xOzf', tarball, `package/${path}`], { encoding: 'utf8' });
  const url = repositoryUrl();
  const packed = JSON.parse(read('package.json'));
  const wanted = publishedManifest({}, url).repository?.url;
  const links = relativeLinks(read('README.md'));
  const problems = [
    [url !== undefined, 'GITHUB_SERVER_URL and GITHUB_REPOSITORY do not say which repository this is'],
    [packed.repository?.url === wanted, `the tarball's repository is ${packed.repository?.url}, not ${wanted}`],
    [links.length === 0, `README.md of the tarball has links that lead nowhere: ${links.join(', ')}`],
    [packed.private !== true, 'the tarball is private'],
    [tag === `v${version}`, `the tag is ${tag}, package.json says ${version}`],
    [tarball.endsWith(`${name}-${version}.tgz`), `the tarball is ${tarball}`],
    [
      readFileSync(at('CHANGELOG.md'), 'utf8').includes(`## [${version}]`),
      `CHANGELOG.md has no section for ${version}`,
    ],
    ...targets.map(binaryPath).map((path) => [files.includes(`package/${path}`), `the tarball lacks ${path}`]),
  ].filter(([holds]) => !holds);
  if (problems.length > 0) throw new Problem(problems.map(([, problem]) => problem).join('\n'));
  say(`${name} ${version} may be published`);
});
