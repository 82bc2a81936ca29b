import ts from 'typescript';
import type { PublicName } from './public-names.ts';

/** Where the ports of stores and transports are declared, and in the test kit the suites that prove them. */
const PORTS =
  /^src\/(store\/[^/]+|transport\/transport|testing\/(store-suite|transport-suite|test-runner).*)[.]ts$/;

/** Applications hand them on; only who writes one looks inside. */
const PORT_NAMES: ReadonlySet<string> = new Set(['Store', 'Transport']);

/** What nearly everybody looks for. */
const FIRST: ReadonlySet<string> = new Set(['WebhookDispatcher', 'createHarness']);

/** The names of an entry point by who needs them, each part in the order in which it is shown. */
export function byAudience(names: readonly PublicName[]): {
  readonly users: readonly PublicName[];
  readonly authors: readonly PublicName[];
} {
  const [ports, rest] = partition(names, ({ path }) => PORTS.test(path));
  const mentioned = new Set(rest.flatMap(({ node }) => typesIn(node)));
  const isForUsers = ({ name }: PublicName): boolean => mentioned.has(name) && !PORT_NAMES.has(name);
  const authors = ports.filter((entry) => !isForUsers(entry));
  const users = names.filter((entry) => !authors.includes(entry));
  return { users: partition(users, ({ name }) => FIRST.has(name)).flat(), authors };
}

function typesIn(node: ts.Node): string[] {
  const found: string[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isTypeReferenceNode(child)) found.push(child.typeName.getText());
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
