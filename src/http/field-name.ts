/** Names of members: the dispatcher's are camelCase, those of the API snake_case. */

const RENAMED: Readonly<Record<string, string>> = {
  filter: 'filters',
  retry: 'retry_config',
  status: 'active',
  type: 'event_type',
  types: 'event_type',
  states: 'state',
  endpointId: 'webhook_id',
  multiplier: 'backoff_multiplier',
};

/** Below these stand names of the caller's own. */
const OWN_NAMES = new Set(['filter', 'filters', 'headers', 'metadata', 'data']);

/** `initialDelayMs` as `initial_delay_ms`. */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `endpoint.retry.maxAttempts` as `retry_config.max_attempts`: the member of the request that an error is about. */
export function toApiField(path: string): string {
  const [first = '', ...rest] = path.replace(/^(endpoint|changes|options)(\.|$)/, '').split(/(?=[.[])/);
  const name = RENAMED[first] ?? toSnakeCase(first);
  if (OWN_NAMES.has(first)) return name + rest.join('');
  const below = rest.map((part) => {
    const member = part.replace(/^\./, '');
    if (member === part) return part;
    return `.${RENAMED[member] ?? toSnakeCase(member)}`;
  });
  return name + below.join('');
}
