/** Metrics of several processes in one text: each sample gets a label with the name of its process. */

/** One metric, with the samples of all processes. */
interface Family {
  /** Its help and type lines. */
  readonly head: string[];
  readonly samples: string[];
}

/**
 * Merges texts in the format of Prometheus. The samples of one metric have to follow each other.
 *
 * @param texts - the texts by the names of their processes
 */
export function mergeMetrics(label: string, texts: ReadonlyMap<string, string>): string {
  const families = new Map<string, Family>();
  for (const [process, text] of texts) addMetrics(families, `${label}="${process}"`, text);
  return [...families.values()].flatMap(({ head, samples }) => [...head, ...samples, '']).join('\n');
}

function addMetrics(families: Map<string, Family>, label: string, text: string): void {
  let family: Family = { head: [], samples: [] };
  for (const line of text.split('\n')) {
    const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      family = families.get(name) ?? { head: [], samples: [] };
      families.set(name, family);
      if (!family.head.includes(line)) family.head.push(line);
    } else if (line !== '') {
      family.samples.push(labelled(line, label));
    }
  }
}

/** `name{a="b"} 1` or `name 1`. */
function labelled(sample: string, label: string): string {
  const end = /[{ ]/.exec(sample)?.index ?? sample.length;
  const rest = sample.slice(end);
  return rest.startsWith('{')
    ? `${sample.slice(0, end)}{${label},${rest.slice(1)}`
    : `${sample.slice(0, end)}{${label}}${rest}`;
}
