import ts from 'typescript';
import { anchor, cell, code, page, paragraphs, table } from './markdown.ts';
import { renderSections } from './sections.ts';
import { Source, type TypeDeclaration } from './source.ts';

const path = 'src/lifecycle-events.ts';

export function renderEvents(): string {
  const source = new Source([path]);
  const events = source.find(path, 'LifecycleEvents');
  if (!ts.isInterfaceDeclaration(events.node)) throw new Error('LifecycleEvents is not an interface');
  const payloads: TypeDeclaration[] = [];
  const rows = source.membersOf(events.node).map((member) => {
    const name = member.name.getText().replace(/^'|'$/g, '');
    const [payload] = member.type === undefined ? [] : source.referencesIn(member.type);
    if (payload === undefined) throw new Error(`the event ${name} has no named payload`);
    if (!payloads.some((known) => known.name === payload.name)) payloads.push(payload);
    return [code(name), `[${payload.name}](${anchor(payload.name)})`, cell(source.docOf(member))];
  });
  const sections = renderSections(
    source,
    payloads.map((declaration) => ({ declaration, defaults: undefined })),
    { hasDefaults: false, isSkipped: ({ name }) => name.startsWith('Json') },
  );
  return page('# Events', paragraphs(events.doc), table(['event', 'payload', 'when'], rows), ...sections);
}
