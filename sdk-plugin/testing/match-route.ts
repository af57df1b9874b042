/** Finds the route of a path, by the host's rules. */

/** A route template and what its parameters stand for. */
export interface Match {
  readonly template: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Gives the most literal template that matches: `{name}` takes one segment, `{name+}` all that is left (at least one character). */
export function matchRoute(templates: readonly string[], path: string): Match | undefined {
  const matches = templates.flatMap((template) => {
    const params = match(template.split('/'), path.split('/'));
    return params ? [{ template, params }] : [];
  });
  return matches.sort((a, b) => (rank(a.template) < rank(b.template) ? -1 : 1))[0];
}

/** Puts parameters into a template of a storage key. */
export function fillTemplate(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{([^}+]+)\+?\}/g, (_, name: string) => params[name] ?? '');
}

function match(template: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  const [part, ...parts] = template;
  const [segment, ...segments] = path;
  if (part === undefined || segment === undefined) return part === segment ? {} : undefined;
  const rest = /^\{(.+)\+\}$/.exec(part)?.[1];
  if (rest !== undefined) return path.join('/') === '' ? undefined : { [rest]: path.join('/') };
  const name = /^\{(.+)\}$/.exec(part)?.[1];
  const params = (name === undefined ? part === segment : segment !== '') ? match(parts, segments) : undefined;
  return params && name !== undefined ? { ...params, [name]: segment } : params;
}

/** Literal before `{name}` before `{name+}`, segment by segment. */
function rank(template: string): string {
  const kinds = template.split('/').map((part) => (part.endsWith('+}') ? '2' : part.endsWith('}') ? '1' : '0'));
  return kinds.join('');
}
