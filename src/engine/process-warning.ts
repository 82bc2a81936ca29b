const told = new Set<string>();

/**
 * A warning of the process, once for each code: Node.js prints it, unless the host listens for warnings or was started with
 * `--disable-warning=<code>`.
 */
export function warnProcess(message: string, code: string): void {
  if (told.has(code)) return;
  told.add(code);
  process.emitWarning(message, { type: 'PosthornWarning', code });
}
