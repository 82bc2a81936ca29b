// Imports every subpath given on the command line.
for (const specifier of process.argv.slice(2)) {
  const names = Object.keys(await import(specifier));
  if (names.length === 0) throw new Error(`${specifier} exports nothing`);
  if (names.includes('default')) throw new Error(`${specifier} has a default export; exports are named`);
}
