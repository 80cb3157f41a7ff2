/**
 * Makes everything that running needs, and only what is missing or stale: `npm start` and `npm test` begin with it.
 * The version check comes first, in words that an old Node.js can still parse. With `--store` it also makes the parts
 * that a server that keeps data needs.
 */
const supported = [
  [20, 19],
  [22, 12],
  [24, 0],
];
const [major, minor] = process.versions.node.split('.').map(Number);
const fits = supported.some(([m, n]) => major === m && minor >= n) || major > 24;

if (fits) {
  import('./lib/ensure.mjs').then(({ ensure }) =>
    import('./lib/progress.mjs').then(({ runMain }) =>
      runMain(() => ensure({ withStore: process.argv.includes('--store') })),
    ),
  );
} else {
  process.stderr.write(
    'fdmux needs Node.js 20.19, 22.12, 24 or newer; this is ' + process.version + ' (' + process.execPath + ').\n',
  );
  process.exitCode = 1;
}
