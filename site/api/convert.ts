/** The public names, as typedoc reads them from the sources. */
import { Application, type ProjectReflection, TSConfigReader } from 'typedoc';

/** The file behind each module name that users import. The last one is behind a name of the first. */
export const MODULES = { fdmux: 'src/index.ts', 'fdmux/chat': 'src/chat-server.ts' } as const;
const BEHIND_AN_ALIAS = 'src/multiplexer/multiplexer.ts';

/** Reads the sources; the settings are those of `npm run docs`, in tsconfig.build.json. */
export async function convert(root: string): Promise<ProjectReflection> {
  const app = await Application.bootstrap(
    {
      tsconfig: `${root}/tsconfig.build.json`,
      entryPoints: [...Object.values(MODULES), BEHIND_AN_ALIAS].map((path) => `${root}/${path}`),
      // `npm run types` reports what is wrong with the types; here it would only cost time.
      skipErrorChecking: true,
      readme: 'none',
      projectDocuments: [],
      logLevel: 'Warn',
    },
    [new TSConfigReader()],
  );
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc cannot read the sources');
  return project;
}
