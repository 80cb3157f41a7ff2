/** The files that differ between the repository and the published package. */

/**
 * The web address of the repository that a workflow runs in; undefined elsewhere. The registry refuses a package with
 * provenance whose `repository` names another one.
 */
export function repositoryUrl({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env) {
  return server && name ? `${server}/${name}` : undefined;
}

/**
 * package.json of the package: public, and with the repository that it was made in. Its scripts are those of a clone:
 * npm would warn that one of them may run at an install.
 */
export function publishedManifest(manifest, url) {
  const { private: _, scripts: __, ...published } = manifest;
  return url === undefined ? published : { ...published, repository: { type: 'git', url: `git+${url}.git` } };
}

/**
 * binding.gyp as it is in the package: inside of native/. npm compiles every package that has one in its own folder as
 * soon as it installs from a lock file, since lock files do not keep `gypfile: false`.
 */
export function publishedGyp(text) {
  return text
    .replaceAll('native/node-addon-api', 'node-addon-api')
    .replaceAll('"native/', '"')
    .replace('<(module_root_dir)/native/', '<(module_root_dir)/')
    .replace('"target_name": "fdmux",', '$&\n      "product_dir": "<(module_root_dir)/../build/Release",');
}

/** A link or image of Markdown to a file of the repository: neither another site's address nor a place on the page. */
const RELATIVE_LINK = /\]\((?![a-z][a-z0-9+.-]*:|#)([^)\s]+)\)/gi;

/** Such an image: the page about a file is no picture, so it needs the file itself. */
const RELATIVE_IMAGE = /(!\[[^\]]*\]\()(?![a-z][a-z0-9+.-]*:|#)([^)\s]+)\)/gi;

/** README.md as it works on the registry's page, where relative links lead nowhere. */
export function publishedReadme(text, url, version) {
  if (url === undefined) return text;
  const absolute = (kind, path) => new URL(`${url}/${kind}/v${version}/${path}`).href;
  return text
    .replace(RELATIVE_IMAGE, (_, before, path) => `${before}${absolute('raw', path)})`)
    .replace(RELATIVE_LINK, (_, path) => `](${absolute('blob', path)})`);
}

/** The targets of the links that lead nowhere outside of the repository. */
export const relativeLinks = (text) => [...text.matchAll(RELATIVE_LINK)].map(([, path]) => path);
