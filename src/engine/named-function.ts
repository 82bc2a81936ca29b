/** Functions of the host, and how messages call them. */
import type { CompiledFilter } from '../core/compile-filter.ts';
import type { FunctionRegistry } from '../core/functions.ts';

/** A function that an endpoint names. */
export interface NamedFunction<Call> {
  /** Kind and name: `the envelope function "acme"`. */
  readonly what: string;
  readonly call: Call;
}

/** Which function it is, for messages: `the envelope function "acme"`. */
export function describeFunction(kind: keyof FunctionRegistry, name: string): string {
  return `the ${kind} function ${JSON.stringify(name)}`;
}

/** The functions of a filter, of which one failed. */
export function describeFilterFunctions(filter: CompiledFilter | undefined): string {
  const names = (filter?.functions ?? []).map((name) => JSON.stringify(name));
  return names.length === 0 ? 'its filter' : `the filter function ${names.join(' or ')}`;
}

/** What failed at a filter, for an error that no delivery carries. */
export function filterOf({
  filter,
  record,
}: {
  readonly filter: CompiledFilter | undefined;
  readonly record: { readonly id: string };
}): string {
  return capitalize(`${describeFilterFunctions(filter)} of endpoint ${record.id}`);
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
