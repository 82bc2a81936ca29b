/** Plain text for a person. */

export function print(line: string): void {
  process.stdout.write(`  ${line}`.trimEnd() + '\n');
}

export function printTitle(title: string): void {
  process.stdout.write(`\n${title}\n`);
}

export function printCommand(command: string): void {
  print(`$ ${command}`);
}
