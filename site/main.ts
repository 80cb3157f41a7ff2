/** `npm run site`: builds the site; `scripts/site.mjs` compiles this and passes the arguments. */
import { buildSite } from './build.js';

async function main(): Promise<void> {
  const [root = '.', out = '.site'] = process.argv.slice(2);
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  const repository = server === undefined || name === undefined ? null : `${server}/${name}`;
  const count = await buildSite({ root, out, repository });
  console.log(`${count} pages in ${out}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
