/**
 * Finds the route of a path. Templates are tried from literal to general, segment by segment: `metadata/config` before
 * `metadata/{path+}`. A listing path ends in `/`; its rest may be empty (`metadata/` matches `metadata/{path+}`).
 */
import { PluginError } from '../errors.ts';

/** Parameters of a matched template. */
export type PathParams = Readonly<Record<string, string>>;

/** What a path leads to. */
export interface RouteMatch<R> {
  readonly route: R;
  readonly params: PathParams;
}

interface Node<R> {
  readonly literal: Map<string, Node<R>>;
  param: { readonly name: string; readonly node: Node<R> } | undefined;
  /** `{x+}` and what literally follows it, longest first. */
  readonly rests: { readonly name: string; readonly suffix: string; readonly route: R }[];
  route: R | undefined;
}

function newNode<R>(): Node<R> {
  return { literal: new Map(), param: undefined, rests: [], route: undefined };
}

/** An immutable set of templates. */
export class RouteTable<R> {
  readonly #root = newNode<R>();
  /** All of them. */
  readonly routes: readonly R[];

  /** @throws PluginError `invalid` for a template that is malformed or contradicts another */
  constructor(routes: Readonly<Record<string, R>>) {
    this.routes = Object.values(routes);
    for (const [template, route] of Object.entries(routes)) this.#add(template, route);
  }

  #add(template: string, route: R): void {
    let node = this.#root;
    const segments = template === '' ? [] : template.split('/');
    for (const [index, segment] of segments.entries()) {
      const found = /^\{(\w+)(\+?)\}$/.exec(segment);
      if (found === null) {
        if (segment === '' || /[{}]/.test(segment))
          throw new PluginError('invalid', `route template ${template}: segment ${index + 1} is malformed`);
        let next = node.literal.get(segment);
        if (next === undefined) node.literal.set(segment, (next = newNode()));
        node = next;
      } else if (found[2] === '+') {
        const suffix = segments.slice(index + 1).join('/');
        if (/[{}]/.test(suffix) || node.rests.some((rest) => rest.suffix === suffix)) {
          throw new PluginError('invalid', `route template ${template}: {${found[1]}+} may be followed by literals only, and once`);
        }
        node.rests.push({ name: found[1]!, suffix, route });
        node.rests.sort((a, b) => b.suffix.length - a.suffix.length);
        return;
      } else {
        node.param ??= { name: found[1]!, node: newNode() };
        if (node.param.name !== found[1])
          throw new PluginError('invalid', `route template ${template}: the parameter {${found[1]}} has another name elsewhere`);
        node = node.param.node;
      }
    }
    if (node.route !== undefined) throw new PluginError('invalid', `route template ${template} occurs twice`);
    node.route = route;
  }

  /** The route of a path below the mount, without a trailing slash; `listing` allows an empty rest. */
  match(path: string, listing: boolean): RouteMatch<R> | undefined {
    const segments = path === '' ? [] : path.split('/');
    const params: Record<string, string> = Object.create(null) as Record<string, string>;
    const route = find(this.#root, segments, 0, listing, params);
    return route === undefined ? undefined : { route, params };
  }
}

function find<R>(node: Node<R>, segments: readonly string[], at: number, listing: boolean, params: Record<string, string>): R | undefined {
  if (at === segments.length) {
    if (node.route !== undefined) return node.route;
    const whole = listing ? node.rests.find(({ suffix }) => suffix === '') : undefined;
    if (whole !== undefined) params[whole.name] = '';
    return whole?.route;
  }
  const segment = segments[at]!;
  const literal = node.literal.get(segment);
  const byLiteral = literal && find(literal, segments, at + 1, listing, params);
  if (byLiteral !== undefined) return byLiteral;
  if (node.param !== undefined) {
    const byParam = find(node.param.node, segments, at + 1, listing, params);
    if (byParam !== undefined) {
      params[node.param.name] = segment;
      return byParam;
    }
  }
  if (node.rests.length === 0) return undefined;
  const remainder = segments.slice(at).join('/');
  const rest = node.rests.find(({ suffix }) => suffix === '' || (remainder.endsWith(`/${suffix}`) && remainder.length > suffix.length + 1));
  if (rest !== undefined) params[rest.name] = rest.suffix === '' ? remainder : remainder.slice(0, -rest.suffix.length - 1);
  return rest?.route;
}

/** Fills a storage-key template (`meta/{path}`) from the parameters of a route. */
export function fillTemplate(template: string, params: PathParams): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
}
