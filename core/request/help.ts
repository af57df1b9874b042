/** `?help=1`: what a path is for, from the route tables, as text and as OpenAPI. */
import type { Verb } from '@strongroom/sdk-plugin';
import type { OperationOutline } from '@strongroom/sdk-plugin/serving';
import { type DocumentedPart, type DocumentedRoute, openApiDocument } from './openapi.ts';

/** What a path leads to, as far as help knows. */
export interface HelpSubject {
  readonly path: string;
  /** Undefined: the root of a mount, or of the host's own paths. */
  readonly route: DocumentedRoute | undefined;
  readonly part: DocumentedPart;
}

/** The answer's body. */
export interface Help {
  readonly help: string;
  readonly see_also: readonly string[];
  readonly openapi: unknown;
}

/** Writes it. */
export function helpOf(version: string, { path, route, part }: HelpSubject): Help {
  const routes = route === undefined ? part.routes : [route];
  return {
    help: route === undefined ? tableOfContents(path, part) : textOf(path, route),
    see_also: [],
    openapi: openApiDocument(version, [{ ...part, routes }]),
  };
}

function tableOfContents(path: string, { routes }: DocumentedPart): string {
  const lines = routes
    .toSorted((a, b) => (a.template < b.template ? -1 : 1))
    .flatMap(({ template, summary }) => [`    ${template === '' ? '/' : template}`, `        ${summary}`, '']);
  return [
    '## PATHS',
    '',
    `The following paths can be asked below ${path}/. For help of one of them, ask it with help=1.`,
    '',
    ...lines,
  ].join('\n');
}

function textOf(path: string, { template, summary, access, verbs }: DocumentedRoute): string {
  const need = {
    public: 'Needs no token.',
    token: 'Needs a token whose policies allow it.',
    sudo: 'Needs a token whose policies allow it, with sudo.',
  };
  const operations = (Object.entries(verbs) as [Verb, OperationOutline][]).flatMap(([verb, operation]) => operationText(verb, operation));
  return [`Request:        ${path}`, `Matching Route: ${template}`, '', summary, '', need[access], ...operations].join('\n');
}

function operationText(verb: Verb, { summary, input }: OperationOutline): readonly string[] {
  const fields = Object.entries(input).map(([name, { json, optional }]) => {
    const {
      type = 'value',
      description,
      enum: choices,
    } = json as { readonly type?: string; readonly description?: string; readonly enum?: readonly string[] };
    const facts = [
      optional ? undefined : 'required',
      choices === undefined ? undefined : `one of ${choices.join(', ')}`,
      description,
    ].filter((fact) => fact !== undefined);
    return `    ${name} (${type})${facts.length === 0 ? '' : `: ${facts.join('; ')}`}`;
  });
  return ['', `## ${verb.toUpperCase()}`, '', summary, ...(fields.length === 0 ? [] : ['', ...fields])];
}
