/** What the users of the five systems have in their hands. */
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../systems/documents/', import.meta.url);
export const DOCUMENTS = [
  'print-service',
  'glasses-dashboard',
  'emp-job-queue',
  'imggo',
  'remotedev-cloud',
] as const;
export type DocumentName = (typeof DOCUMENTS)[number];

export function readDocument(name: DocumentName): string {
  return readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8').replaceAll('\r\n', '\n');
}

/** The only block of code of this language that has this text in it, byte for byte. */
export function printedBlock(name: DocumentName, language: string, text: string): string {
  const blocks = [...readDocument(name).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  const found = blocks.filter(([, lang, code]) => lang === language && code!.includes(text));
  if (found.length !== 1)
    throw new Error(`${name}.txt has ${found.length} blocks of ${language} with ${text}`);
  return found[0]![2]!;
}
