// Works on a SQLite file in a thread, as the package does it: the thread's own bundle is found beside the entry, whether that was imported or
// required; an open store keeps no process alive; and where no driver is installed, the error says what to install.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
const hasDriver = major > 22 || (major === 22 && minor >= 13);
process.removeAllListeners('warning');

const required = createRequire(import.meta.url)('posthorn/sql');
const { sqlStore } = await import('posthorn/sql');
for (const [index, create] of [sqlStore, required.sqlStore].entries()) {
  const path = `thread-${index}.db`;
  rmSync(path, { force: true });
  const store = create(path, { worker: true });
  const opening = store.open({ clock: Date });
  if (!hasDriver) {
    const error = await opening.then(
      () => undefined,
      (thrown) => thrown,
    );
    if (!/npm install better-sqlite3/.test(String(error))) throw new Error(`expected advice, got ${error}`);
    continue;
  }
  await opening;
  await store.settings.put({ key: 'greeting', value: 'hello' });
  const value = await store.settings.get({ key: 'greeting' });
  if (value !== 'hello') throw new Error(`expected hello, got ${value}`);
  // One is left open on purpose: this process must end all the same.
  if (index === 0) await store.close();
}
console.log(hasDriver ? 'node:sqlite' : 'no driver, and the error says so');
