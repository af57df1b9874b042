/** Input that an operation's schema must refuse. */
import { carriesJson } from '../schema.ts';
import type { FieldOutline, OperationOutline } from '../serving/outline.ts';
import type { TestInput } from './test-mount.ts';

/** Input that is wrong in one field, which its refusal is to name. */
export interface WrongInput {
  readonly field: string;
  readonly input: TestInput;
}

/** Variants of an input that is right: each lacks a field that must be there, or has one that is of another type or beyond a bound. */
export function wrongInputs({ input: fields }: OperationOutline, right: TestInput): readonly WrongInput[] {
  return Object.entries(fields).flatMap(([field, outline]) => {
    const without = Object.fromEntries(Object.entries(right).filter(([name]) => name !== field));
    const wrong = wrongValues(outline).map((value) => ({ field, input: { ...right, [field]: value } }));
    return outline.optional ? wrong : [{ field, input: without }, ...wrong];
  });
}

function wrongValues({ json }: FieldOutline): readonly unknown[] {
  const { type, maxLength, maximum, minimum } = json;
  // Whatever a client sends is right there.
  if (carriesJson(json)) return [];
  const beyond = [
    ...(typeof maxLength === 'number' ? ['x'.repeat(maxLength + 1)] : []),
    ...(typeof maximum === 'number' && Number.isSafeInteger(maximum + 1) ? [maximum + 1] : []),
    ...(typeof minimum === 'number' ? [minimum - 1] : []),
    ...('enum' in json ? ['none of these'] : []),
  ];
  return [type === 'object' ? 5 : {}, ...beyond];
}
